// One implementation, in CommonJS, so that a program that imports and one that requires it share what is running.
import agent from '../dist/index.js';

export const { start, stop, isRunning, labels, withLabels, setEndpoint } = agent;
