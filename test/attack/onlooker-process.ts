/** What requests that behave took. */
export interface Seen {
  readonly count: number;
  readonly p99Ms: number;
  readonly failed: number;
  readonly reason: string;
}

const EVERY_MS = 10;
const PATIENCE_MS = 10_000;

const [, , url = '', token = ''] = process.argv;
const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` };
let tookMs: number[] = [];
let reasons: string[] = [];

async function ask(): Promise<void> {
  const began = performance.now();
  try {
    const answer = await fetch(`${url}/topics`, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    await answer.text();
    if (answer.status !== 200) reasons.push(`status ${answer.status}`);
  } catch (error) {
    reasons.push(String((error as { cause?: unknown }).cause ?? error));
  }
  tookMs.push(performance.now() - began);
}

process.on('message', () => {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
  process.send?.({ count: sorted.length, p99Ms, failed: reasons.length, reason: reasons[0] ?? '' } satisfies Seen);
  [tookMs, reasons] = [[], []];
});

process.send?.('ready');
for (;;) {
  await ask();
  await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
}
