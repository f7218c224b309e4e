import { register } from 'node:module';
import 'reflect-metadata';

register('./typescript-loader.mjs', import.meta.url);
