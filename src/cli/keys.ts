import { keysCommand } from './keys-command.service.js';

try {
  process.stdout.write(`${await keysCommand(process.argv.slice(2), process.env)}\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
