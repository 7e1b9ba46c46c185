import { describe, expect, it } from 'vitest';
import { Tokens } from '../../../../src/api/auth/tokens.service.js';
import type { TokenKeys } from '../../../../src/api/auth/token-keys.service.js';
import { Settings } from '../../../../src/config/settings.js';
import { SystemClock } from '../../../../src/runtime/system-clock.service.js';

describe('a token', () => {
  it('is judged by the clock of the machine, however far ahead the one is that never goes back', () => {
    const clock = new SystemClock();
    clock.notBefore(Date.now() + 60_000);
    expect(clock.wallMs()).toBeGreaterThan(Date.now() + 30_000);
    const tokens = new Tokens(new Settings(), { has: () => true } as unknown as TokenKeys, clock);
    const grant = { subject: undefined, publish: [], subscribe: [], keyId: undefined };
    expect(tokens.isValid({ ...grant, expiresAtMs: Date.now() + 20_000 })).toBe(true);
    expect(tokens.isValid({ ...grant, expiresAtMs: Date.now() - 20_000 })).toBe(false);
  });
});
