import { execFileSync } from 'node:child_process';

/** Builds once before the suites that start real nodes; what they run is what is shipped. */
export default function build(): void {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
}
