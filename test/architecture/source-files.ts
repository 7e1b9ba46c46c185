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
  'src/cli/keys.ts',
  'src/cli/make-secret.ts',
  'src/cli/show-subscribers.ts',
];

/** A plain name promises a pure file; a dotted one (`x.service.ts`) touches the world. */
export function isPure(path: string): boolean {
  return path.startsWith('src/') && !ENTRIES.includes(path) && /^[^.]+\.ts$/.test(basename(path));
}

/** Names that occur as values, such as `setTimeout`, and members of them, as `Date.now` and, of whatever it is, `.now`. */
export function namesUsed(file: SourceFile): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node)) return;
    if (ts.isIdentifier(node) && !isMemberName(node)) names.add(node.text);
    for (const name of memberNames(node)) names.add(name);
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

/** What is taken out of something: `a.b`, `a['b']` and `const { b } = a` alike; what an object has of its own was handed to it. */
function memberNames(node: ts.Node): string[] {
  const named = (from: string, member: string): string[] =>
    from === 'this' ? [`this.${member}`] : [`${from}.${member}`, `.${member}`];
  if (ts.isPropertyAccessExpression(node)) return named(node.expression.getText(), node.name.text);
  if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression)) {
    return named(node.expression.getText(), node.argumentExpression.text);
  }
  if (!ts.isVariableDeclaration(node) || !ts.isObjectBindingPattern(node.name)) return [];
  const from = node.initializer?.getText() ?? '';
  return node.name.elements.flatMap(({ propertyName, name }) => named(from, (propertyName ?? name).getText()));
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
