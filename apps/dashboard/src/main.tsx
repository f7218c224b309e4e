import { render } from 'preact';
import { App } from './shell/app.js';
import './shell/tokens.css';
import './shell/frame.css';
import './parts/parts.css';

render(<App />, document.getElementById('app')!);
