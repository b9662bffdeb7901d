export { TimeProfiler, type TimeProfilerOptions } from './time-profiler.ts';
