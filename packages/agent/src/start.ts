/** `node --import @everflame/agent/start app.js`: profiles a program without a change to it, by its environment. */
import { start } from './index.ts';

start();
