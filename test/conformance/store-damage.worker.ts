import { makeStore, tryDamage } from './store-damage.js';

// Arguments: an empty folder, the first seed, and how many there are. A line per seed: it, and what came of it.
const [folder = '', first = '1', count = '1'] = process.argv.slice(2);
const template = `${folder}/template`;
await makeStore(template);
for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  process.stdout.write(`${seed} `);
  const outcome = await tryDamage(template, `${folder}/copy`, seed).catch(
    (error: Error) => error.stack ?? error.message,
  );
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
