import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';

/** A TypeScript file of the project, path from the root. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export function sourceFiles(folder: string): readonly SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

/** Where programs start or the package is entered: the places that join the pure to the world. */
const ENTRIES = [
  'src/main.ts',
  'src/index.ts',
  'src/start-node.ts',
  'src/cli/cluster.ts',
  'src/cli/make-secret.ts',
  'src/cli/show-subscribers.ts',
];

/** A plain name promises a pure file; a dotted one (`x.service.ts`) touches the world. */
export function isPure(path: string): boolean {
  return path.startsWith('src/') && !ENTRIES.includes(path) && /^[^.]+\.ts$/.test(basename(path));
}

/** Global names and members of them that occur as values, such as `setTimeout` and `Date.now`. */
export function namesUsed(file: SourceFile): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node)) return;
    if (ts.isIdentifier(node) && !isMemberName(node)) names.add(node.text);
    if (ts.isPropertyAccessExpression(node)) names.add(`${node.expression.getText()}.${node.name.text}`);
    if (ts.isNewExpression(node) && (node.arguments ?? []).length === 0)
      names.add(`new ${node.expression.getText()}()`);
    if (ts.isEnumDeclaration(node)) names.add('enum');
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true));
  return names;
}

/** Whether a file does nothing but hand on what others export. */
export function isBarrel(file: SourceFile): boolean {
  const { statements } = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  return (
    statements.length > 0 &&
    statements.every((statement) => ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined)
  );
}

function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  return (
    (ts.isPropertyAssignment(parent) ||
      ts.isPropertySignature(parent) ||
      ts.isPropertyDeclaration(parent) ||
      ts.isMethodDeclaration(parent) ||
      ts.isMethodSignature(parent) ||
      ts.isGetAccessor(parent) ||
      ts.isParameter(parent) ||
      ts.isVariableDeclaration(parent) ||
      ts.isFunctionDeclaration(parent)) &&
    parent.name === node
  );
}
