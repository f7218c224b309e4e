import { render } from 'preact';
// Before the pages: their style sheets come later in the cascade.
import './shell/tokens.css';
import './shell/frame.css';
import './parts/parts.css';
import { App } from './shell/app.js';

render(<App />, document.getElementById('app')!);
