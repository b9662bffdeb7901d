/**
 * Fills a directory with a month of profiles, for queries.mjs to ask about, as often as wanted:
 *
 *     node bench/month.mjs --data /tmp/month --full && node bench/queries.mjs --data /tmp/month --full
 *
 * Windows lie in the past: as profiles themselves expire after a week, the server runs with a longer retention
 * (BENCH_PROFILE_RETENTION in support/everflame.mjs).
 */
import { fillWithMonth, monthIn } from './support/month.mjs';
import { MONTH_OPTIONS } from './support/month-options.mjs';
import { benchOptions } from './support/options.mjs';
import { eachSubject } from './support/subjects.mjs';

const options = benchOptions('Fills --data DIR with a month of profiles.', MONTH_OPTIONS);
if (options.data === '') throw new Error('say where: --data DIR');
const month = monthIn(options.data, options);
await eachSubject(options, (candidate) => fillWithMonth(candidate, month, options));
