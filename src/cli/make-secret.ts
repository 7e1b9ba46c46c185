import { secretOf } from './secret-file.service.js';

/** `node dist/cli/make-secret.js <path>`: a file with a cluster secret, unless there is one already. */
const [path] = process.argv.slice(2);
if (path === undefined) {
  process.stderr.write('usage: node dist/cli/make-secret.js <path>\n');
  process.exitCode = 1;
} else {
  await secretOf(path);
}
