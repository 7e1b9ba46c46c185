import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import type { SourceFile } from './source-files.js';

/** A number, or numbers by name. */
export type Value = number | { readonly [member: string]: number };

/** A constant at the top of a file, such as `FRAME_BYTES_MAX`; its value is undefined when it is no number. */
export interface Constant {
  readonly path: string;
  readonly name: string;
  readonly value: Value | undefined;
}

/** All constants in capitals of the files, in order of path and place. */
export function constantsOf(files: readonly SourceFile[]): readonly Constant[] {
  const parsed = new Map(files.map((file) => [file.path, parse(file)]));
  return [...parsed].flatMap(([path, { initializers }]) =>
    [...initializers.keys()].map((name) => ({ path, name, value: valueOf(parsed, path, name) })),
  );
}

/** As people read it: bytes and times in the largest unit that leaves no rest. */
export function written(name: string, value: Value): string {
  if (typeof value === 'number') return withUnit(name, value);
  return Object.entries(value)
    .map(([member, each]) => `${member} ${withUnit(member.endsWith('Ms') ? '_MS' : name, each)}`)
    .join(', ');
}

function withUnit(name: string, value: number): string {
  if (/(^|_)BYTES(_|$)/.test(name)) return inUnits(value, [1024 ** 3, 1024 ** 2, 1024, 1], ['GiB', 'MiB', 'KiB', 'B']);
  if (/_MS(_|$)/.test(name)) return inUnits(value, [3_600_000, 60_000, 1_000, 1], ['h', 'min', 's', 'ms']);
  return value.toLocaleString('en-US');
}

function inUnits(value: number, sizes: readonly number[], units: readonly string[]): string {
  const at = sizes.findIndex((size) => value >= size && value % size === 0);
  const place = at === -1 ? sizes.length - 1 : at;
  return `${(value / sizes[place]!).toLocaleString('en-US')} ${units[place]}`;
}

interface Parsed {
  readonly initializers: ReadonlyMap<string, ts.Expression>;
  /** Name here → file and name there. */
  readonly imports: ReadonlyMap<string, { readonly path: string; readonly name: string }>;
}

function parse({ path, text }: SourceFile): Parsed {
  const initializers = new Map<string, ts.Expression>();
  const imports = new Map<string, { path: string; name: string }>();
  for (const statement of ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true).statements) {
    if (ts.isVariableStatement(statement) && (statement.declarationList.flags & ts.NodeFlags.Const) !== 0) {
      for (const { name, initializer } of statement.declarationList.declarations) {
        const isConstant = ts.isIdentifier(name) && /^[A-Z][A-Z0-9_]*$/.test(name.text);
        if (isConstant && initializer !== undefined) initializers.set(name.text, initializer);
      }
    } else if (ts.isImportDeclaration(statement) && ts.isStringLiteral(statement.moduleSpecifier)) {
      const from = statement.moduleSpecifier.text;
      const bindings = statement.importClause?.namedBindings;
      if (!from.startsWith('.') || bindings === undefined || !ts.isNamedImports(bindings)) continue;
      const target = normalize(join(dirname(path), from.replace(/\.js$/, '.ts')));
      for (const { name, propertyName } of bindings.elements) {
        imports.set(name.text, { path: target, name: (propertyName ?? name).text });
      }
    }
  }
  return { initializers, imports };
}

function valueOf(files: ReadonlyMap<string, Parsed>, path: string, name: string): Value | undefined {
  const file = files.get(path);
  const imported = file?.imports.get(name);
  if (imported !== undefined) return valueOf(files, imported.path, imported.name);
  const initializer = file?.initializers.get(name);
  return initializer === undefined ? undefined : evaluate(initializer, (other) => valueOf(files, path, other));
}

type Lookup = (name: string) => Value | undefined;

function evaluate(node: ts.Expression, lookup: Lookup): Value | undefined {
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) {
    return evaluate(node.expression, lookup);
  }
  if (ts.isNumericLiteral(node)) return Number(node.text.replaceAll('_', ''));
  if (ts.isIdentifier(node)) return lookup(node.text);
  if (ts.isPropertyAccessExpression(node)) {
    const from = evaluate(node.expression, lookup);
    return typeof from === 'object' ? from[node.name.text] : undefined;
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken) {
    const value = evaluate(node.operand, lookup);
    return typeof value === 'number' ? -value : undefined;
  }
  if (ts.isBinaryExpression(node)) return combine(node, evaluate(node.left, lookup), evaluate(node.right, lookup));
  return ts.isObjectLiteralExpression(node) ? members(node, lookup) : undefined;
}

function combine(node: ts.BinaryExpression, left: Value | undefined, right: Value | undefined): number | undefined {
  if (typeof left !== 'number' || typeof right !== 'number') return undefined;
  switch (node.operatorToken.kind) {
    case ts.SyntaxKind.PlusToken:
      return left + right;
    case ts.SyntaxKind.MinusToken:
      return left - right;
    case ts.SyntaxKind.AsteriskToken:
      return left * right;
    case ts.SyntaxKind.AsteriskAsteriskToken:
      return left ** right;
    case ts.SyntaxKind.SlashToken:
      return left / right;
    default:
      return undefined;
  }
}

function members(node: ts.ObjectLiteralExpression, lookup: Lookup): Value | undefined {
  const found: Record<string, number> = {};
  for (const property of node.properties) {
    const isMember = ts.isPropertyAssignment(property) && ts.isIdentifier(property.name);
    const value = isMember ? evaluate(property.initializer, lookup) : undefined;
    if (!isMember || typeof value !== 'number') return undefined;
    found[property.name.text] = value;
  }
  return found;
}
