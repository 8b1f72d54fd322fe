/**
 * `/docs`: the description as one page that needs no viewer. Every operation is a form, filled with an example that
 * works on this server; without script the forms of simple questions still work, because they are plain HTML.
 */

import type { Schema } from './schema-parts.ts';

interface Parameter {
  name: string;
  in: 'path' | 'query';
  description: string;
  required?: boolean;
  schema: Schema;
  example?: unknown;
}
interface Described {
  operationId: string;
  tags: [string];
  summary: string;
  description: string;
  security: unknown[];
  parameters: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema; example?: unknown }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Schema }> }>;
}
/** The part of the document that the page shows. */
export interface Shown {
  info: { title: string; description: string };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, Schema> };
}

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);

/** Words with `code` in them. */
const prose = (text: string): string => escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>');

const paragraphs = (text: string): string =>
  text
    .split('\n\n')
    .map((paragraph) => `<p>${prose(paragraph)}</p>`)
    .join('\n');

export function docsPage({ info, tags, paths, components }: Shown): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, about]) => ({ path, method: method.toUpperCase(), about })),
  );
  const hasAdmin = operations.some(({ about }) => about.security.length > 0);
  const sections = tags.map(({ name, description }) => {
    const own = operations.filter(({ about }) => about.tags[0] === name);
    return `<section id="${name}">
<h2>${name}</h2>
<p class="note">${prose(description)}.</p>
${name === 'Admin' && hasAdmin ? TOKEN : ''}${own.map(operationHtml).join('\n')}
</section>`;
  });
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details id="schema-${name}"><summary><span class="path">${name}</span></summary>${schemaHtml(schema)}</details>`,
  );
  const links = operations.map(
    ({ method, path, about }) =>
      `<li><a href="#${about.operationId}"><span class="method">${method}</span>${escaped(path)}</a></li>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(info.title)} API</title>
<link rel="stylesheet" href="/docs/docs.css">
<script src="/docs/docs.js" type="module"></script>
<h1>${escaped(info.title)} API</h1>
${paragraphs(info.description)}
<p>For tools, the same as OpenAPI 3.1: <a href="/openapi.json">/openapi.json</a>.</p>
<nav aria-label="Operations"><ul>${links.join('')}</ul></nav>
<main>
${sections.join('\n')}
<section id="Schemas">
<h2>Schemas</h2>
<p class="note">What answers and bodies consist of. What is not marked optional is always there.</p>
${schemas.join('\n')}
</section>
</main>
</html>
`;
}

const TOKEN = `<form><label for="token"><b>Token</b></label><input id="token" type="password" autocomplete="off"><span class="note">Of <code>ADMIN_TOKEN</code>; it stays in this page</span></form>\n`;

function operationHtml({ path, method, about }: { path: string; method: string; about: Described }): string {
  const { operationId, summary, description, parameters, requestBody, security, responses } = about;
  const body = Object.values(requestBody?.content ?? {})[0];
  const hasPath = parameters.some((one) => one.in === 'path');
  const plain = method === 'GET' && !hasPath ? ` method="get" action="${escaped(path)}"` : '';
  const admin = security.length > 0 ? ' data-admin' : '';
  const fields = parameters.map((one) => parameterHtml(operationId, one));
  const bodyField =
    body &&
    `<label for="${operationId}-body"><b>body</b></label><textarea id="${operationId}-body" rows="5">${escaped(JSON.stringify(body.example ?? {}, null, 2))}</textarea><span></span><span class="note">${typeHtml(body.schema)}</span>`;
  const answers = Object.entries(responses).map(([status, { description: said, content }]) => {
    const [, json] = Object.entries(content ?? {})[0] ?? [];
    return `<tr><td>${status}</td><td>${prose(said)}${json ? `: ${typeHtml(json.schema)}` : ''}</td></tr>`;
  });
  return `<details id="${operationId}">
<summary><span class="method">${method}</span><span class="path">${escaped(path)}</span><span class="note">${prose(summary)}</span></summary>
${paragraphs(description)}
<form data-method="${method}" data-path="${escaped(path)}"${plain}${admin}>
${fields.join('\n')}${bodyField ?? ''}
<p><button>Send</button></p>
</form>
<pre><output hidden></output></pre>
<h3>Answers</h3>
<table>${answers.join('')}</table>
</details>`;
}

function parameterHtml(operationId: string, parameter: Parameter): string {
  const { name, in: where, description, required, schema, example } = parameter;
  const id = `${operationId}-${name}`;
  const value = example === undefined ? '' : ` value="${escaped(String(example))}"`;
  const mark = required ? ' <span class="note">required</span>' : '';
  return `<label for="${id}"><b>${name}</b>${mark}</label><input id="${id}" name="${name}" data-in="${where}"${value} placeholder="${escaped(typeText(schema))}"><span class="note">${prose(description)}</span>`;
}

interface Shape {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  items?: Shape;
  properties?: Record<string, Shape>;
  required?: string[];
  anyOf?: Shape[];
  oneOf?: Shape[];
  $ref?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  description?: string;
}

/** What a value may be, in a few words. */
function typeText(schema: Schema): string {
  const shape = schema as Shape;
  if (shape.$ref) return shape.$ref.split('/').at(-1)!;
  if (shape.const !== undefined) return String(shape.const);
  if (shape.enum) return shape.enum.map(String).join(' | ');
  const choices = shape.anyOf ?? shape.oneOf;
  if (choices) return choices.map((one) => typeText(one as Schema)).join(' or ');
  if (shape.items) return `list of ${typeText(shape.items as Schema)}`;
  const type = [shape.type ?? 'any'].flat().join(' or ');
  const range = shape.maximum === undefined ? '' : ` from ${shape.minimum ?? 0} to ${shape.maximum}`;
  return `${shape.format ?? type}${range}`;
}

const typeHtml = (schema: Schema): string => {
  const [, name] = /#\/components\/schemas\/(\w+)/.exec(JSON.stringify(schema)) ?? [];
  const text = escaped(typeText(schema));
  return name ? text.replace(name, `<a href="#schema-${name}">${name}</a>`) : text;
};

function schemaHtml(schema: Schema): string {
  const { properties = {}, required = [], description } = schema as Shape;
  const rows = Object.entries(properties).map(([name, one]) => {
    const inner = one.properties ? one : one.items?.properties ? one.items : undefined;
    const optional = required.includes(name) ? '' : ' <span class="note">optional</span>';
    const said = one.description ? `. ${prose(one.description)}` : '';
    return `<tr><td><code>${escaped(name)}</code>${optional}</td><td>${typeHtml(one as Schema)}${said}${inner ? schemaHtml({ ...inner, description: undefined } as Schema) : ''}</td></tr>`;
  });
  const about = description ? `<p>${prose(description)}</p>` : '';
  return rows.length > 0 ? `${about}<table>${rows.join('')}</table>` : `${about}<p>${typeHtml(schema)}</p>`;
}
