/** Options of what fills a month and of what asks about it: both must mean the same month. */
export const MONTH_OPTIONS = {
  services: { value: 6, full: 20, help: 'services' },
  processes: { value: 2, full: 4, help: 'processes of each, with windows of 15 s in the last hour' },
  dayEvery: { value: 120, full: 60, help: 's between windows of one service in the last day' },
  monthEvery: { value: 3600, full: 300, help: 's between its windows in the 29 days before' },
  othersEvery: { value: 43_200, full: 14_400, help: 's between windows of the other services in those days' },
  connections: { value: 64, full: 400, help: 'connections while the month is pushed' },
  settle: { value: 30, full: 180, help: 's that a peer gets to compact it' },
};
