/** `npm run bench`: measures all topics, or those that are named, and writes docs/benchmarks.md. */

import { type Say, type Section, sectionText, TOPICS, type Topic, writeSections } from './report.ts';

// Loaded when measured: a topic must not pay for the memory of another.
const MEASURE: Record<Topic, () => Promise<(say: Say) => Promise<Section>>> = {
  publish: async () => (await import('./publish.ts')).measurePublish,
  tell: async () => (await import('./tell.ts')).measureTell,
  guard: async () => (await import('./guard.ts')).measureGuard,
  queue: async () => (await import('./queue.ts')).measureQueues,
  query: async () => (await import('./query.ts')).measureQuery,
  database: async () => (await import('./database.ts')).measureDatabase,
  upkeep: async () => (await import('./upkeep.ts')).measureUpkeep,
  cache: async () => (await import('./cache.ts')).measureCache,
  fleet: async () => (await import('./fleet.ts')).measureFleet,
  frozen: async () => (await import('./frozen.ts')).measureFrozen,
  day: async () => (await import('./day.ts')).measureDay,
  heap: async () => (await import('./heap.ts')).measureHeap,
  http: async () => (await import('./http.ts')).measureHttp,
  pages: async () => (await import('./pages.ts')).measurePages,
  vitals: async () => (await import('./vitals.ts')).measureVitals,
  see: async () => (await import('./see.ts')).measureSee,
  strangers: async () => (await import('./strangers.ts')).measureStrangers,
  history: async () => (await import('./history.ts')).measureHistory,
  startup: async () => (await import('./startup.ts')).measureStartup,
  regret: async () => (await import('./regret.ts')).measureRegret,
  refresh: async () => (await import('./refresh.ts')).measureRefresh,
  warming: async () => (await import('./warming.ts')).measureWarming,
  export: async () => (await import('./export.ts')).measureExport,
};

const asked = process.argv.slice(2);
const wrong = asked.filter((name) => !TOPICS.some((topic) => topic === name));
if (wrong.length > 0) {
  console.error(
    `No such topic: ${wrong.join(', ')}. Expected ${TOPICS.join(', ')}, or none for all of them.`,
  );
  process.exit(2);
}

const measured = new Map<Topic, string>();
for (const topic of TOPICS) {
  if (asked.length > 0 && !asked.includes(topic)) continue;
  console.log(`# ${topic}`);
  const measure = await MEASURE[topic]();
  const text = sectionText(await measure((line) => console.log(`  ${line}`)), new Date());
  console.log(`\n${text}\n`);
  measured.set(topic, text);
  // After each topic: what was measured is kept if a later one fails.
  writeSections(new URL('../docs/benchmarks.md', import.meta.url), measured);
}
