/** The types of the client, written from the description that the server publishes. */

interface Schema {
  $ref?: string;
  type?: string | readonly string[];
  properties?: Record<string, Schema>;
  required?: readonly string[];
  items?: Schema;
  enum?: readonly (string | number | null)[];
  const?: string | number;
  oneOf?: readonly Schema[];
  anyOf?: readonly Schema[];
  additionalProperties?: Schema | boolean;
  description?: string;
}
interface Parameter {
  name: string;
  in: 'path' | 'query';
  required?: boolean;
  schema: Schema;
  description: string;
}
interface Operation {
  operationId: string;
  summary: string;
  parameters: readonly Parameter[];
  requestBody?: { required: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}
export interface Description {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

const HEAD = `// Written by \`npm run client\` from the description of the API; a test compares the two.

/** What JSON can say, where the description says no more. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
`;

const nameOf = (reference: string): string => reference.split('/').at(-1)!;
const quoted = (text: string | number | null): string =>
  typeof text === 'string' ? `'${text.replace(/['\\]/g, '\\$&')}'` : String(text);
const key = (name: string): string => (/^[a-z_]\w*$/i.test(name) ? name : quoted(name));
const union = (types: readonly string[]): string => [...new Set(types)].join(' | ');

function typeOf(schema: Schema, indent: string): string {
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.const !== undefined) return quoted(schema.const);
  if (schema.enum) return union(schema.enum.map(quoted));
  const several = schema.oneOf ?? schema.anyOf;
  if (several) return union(several.map((one) => typeOf(one, indent)));
  if (schema.type === undefined) return 'Json';
  return union([schema.type].flat().map((type) => ofOneType(type, schema, indent)));
}

function ofOneType(type: string, schema: Schema, indent: string): string {
  if (type === 'integer' || type === 'number') return 'number';
  if (type === 'array') return listOf(typeOf(schema.items ?? {}, indent));
  if (type !== 'object') return type;
  const { properties, additionalProperties, required = [] } = schema;
  if (typeof additionalProperties === 'object')
    return `{ readonly [name: string]: ${typeOf(additionalProperties, indent)} }`;
  if (!properties || additionalProperties === true) return '{ readonly [name: string]: Json }';
  return record(
    Object.entries(properties).map(([name, part]) => ({ name, part, isOptional: !required.includes(name) })),
    indent,
  );
}

const listOf = (type: string): string =>
  type.includes(' | ') && !type.startsWith('{') ? `readonly (${type})[]` : `readonly ${type}[]`;

function record(
  fields: readonly { name: string; part: Schema; isOptional: boolean }[],
  indent: string,
): string {
  if (fields.length === 0) return 'Record<never, never>';
  const inner = `${indent}  `;
  const lines = fields.map(({ name, part, isOptional }) => {
    const said = part.description ? `${inner}/** ${part.description.replaceAll('*/', '* /')} */\n` : '';
    return `${said}${inner}readonly ${key(name)}${isOptional ? '?' : ''}: ${typeOf(part, inner)};\n`;
  });
  return `{\n${lines.join('')}${indent}}`;
}

const jsonAnswer = ({ responses }: Operation): Schema | undefined =>
  Object.entries(responses).find(([status]) => status.startsWith('2'))?.[1].content?.['application/json']
    ?.schema;

function operationType(path: string, operation: Operation): string {
  const { parameters, requestBody } = operation;
  const given = parameters.map(({ name, required = false, schema, description, in: where }) => ({
    name,
    part: { ...schema, description },
    isOptional: !required && where === 'query',
  }));
  const body = Object.values(requestBody?.content ?? {})[0]?.schema;
  if (body) {
    const isOptional = requestBody?.required === false;
    given.push({ name: 'body', part: body as Schema & { description: string }, isOptional });
  }
  const answer = jsonAnswer(operation)!;
  const fields = [`    input: ${record(given, '    ')};\n`, `    answer: ${typeOf(answer, '    ')};\n`];
  return `  /** ${operation.summary}. \`${path}\` */\n  ${operation.operationId}: {\n${fields.join('')}  };\n`;
}

/** The text of `client/types.ts`. */
export function clientTypes({ paths, components }: Description): string {
  const schemas = Object.entries(components.schemas).map(([name, schema]) => {
    const said = schema.description ? `/** ${schema.description.replaceAll('*/', '* /')} */\n` : '';
    return `${said}export type ${name} = ${typeOf(schema, '')};\n`;
  });
  // Streams and feeds are for what reads them already.
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => jsonAnswer(operation) !== undefined)
      .map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const types = operations.map(({ path, operation }) => operationType(path, operation));
  const table = operations.map(
    ({ path, method, operation }) => `  ${operation.operationId}: '${method} ${path}',\n`,
  );
  return [
    HEAD,
    ...schemas,
    `/** What each operation takes and answers. */\nexport interface Operations {\n${types.join('')}}\n`,
    `/** Method and path of each operation. */\nexport const OPERATIONS: { readonly [Name in keyof Operations]: string } = {\n${table.join('')}};\n`,
  ].join('\n');
}
