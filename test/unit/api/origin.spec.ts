import { describe, expect, it } from 'vitest';
import { isAllowedOrigin } from '../../../src/api/origin.js';

describe('isAllowedOrigin', () => {
  const host = '127.0.0.1:8000';

  it('lets in who is no page, and pages of the node itself', () => {
    expect(isAllowedOrigin({ host }, [])).toBe(true);
    expect(isAllowedOrigin({ host, origin: 'http://127.0.0.1:8000' }, [])).toBe(true);
  });

  it('lets in pages of allowed origins only', () => {
    expect(isAllowedOrigin({ host, origin: 'https://app.example' }, [])).toBe(false);
    expect(isAllowedOrigin({ host, origin: 'http://127.0.0.1:9000' }, [])).toBe(false);
    expect(isAllowedOrigin({ host, origin: 'https://app.example' }, ['https://app.example'])).toBe(true);
    expect(isAllowedOrigin({ host, origin: 'https://app.example' }, ['*'])).toBe(true);
  });

  it('keeps out an origin that is none', () => {
    expect(isAllowedOrigin({ host, origin: 'null' }, [])).toBe(false);
    expect(isAllowedOrigin({ host: undefined, origin: 'x' }, [])).toBe(false);
  });
});
