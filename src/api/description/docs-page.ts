/**
 * `/docs`: the description as one page that needs no viewer. Every operation is a form, filled with an example that
 * works on this server; without script the forms of simple questions still work, because they are plain HTML.
 */

import { type Html, html, trusted } from '../../html/html.ts';
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

/** Words with `code` in them. */
const prose = (text: string): Html[] =>
  text.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));

const paragraphs = (text: string): Html[] => text.split('\n\n').map((part) => html`<p>${prose(part)}</p>\n`);

export function docsPage({ info, tags, paths, components }: Shown): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, about]) => ({ path, method: method.toUpperCase(), about })),
  );
  const sections = tags.map(
    ({ name, description }) => html`<section id="${name}">
<h2>${name}</h2>
<p class="note">${prose(description)}.</p>
${name === 'Admin' && TOKEN}${operations.filter(({ about }) => about.tags[0] === name).map(operationHtml)}</section>
`,
  );
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      html`<details id="schema-${name}"><summary><span class="path">${name}</span></summary>${schemaHtml(schema)}</details>\n`,
  );
  const links = operations.map(
    ({ method, path, about }) =>
      html`<li><a href="#${about.operationId}"><span class="method">${method}</span>${path}</a></li>`,
  );
  return String(html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title} API</title>
<link rel="stylesheet" href="/docs/docs.css">
<script src="/docs/docs.js" type="module"></script>
<h1>${info.title} API</h1>
${paragraphs(info.description)}
<p>For tools, the same as OpenAPI 3.1: <a href="/openapi.json">/openapi.json</a>.</p>
<nav aria-label="Operations"><ul>${links}</ul></nav>
<main>
${sections}<section id="Schemas">
<h2>Schemas</h2>
<p class="note">What answers and bodies consist of. What is not marked optional is always there.</p>
${schemas}</section>
</main>
</html>
`);
}

const TOKEN = html`<form><label for="token"><b>Token</b></label><input id="token" type="password" autocomplete="off"><span class="note">Of <code>ADMIN_TOKEN</code>; it stays in this page</span></form>\n`;

function operationHtml({ path, method, about }: { path: string; method: string; about: Described }): Html {
  const { operationId, summary, description, parameters, requestBody, security, responses } = about;
  const body = Object.values(requestBody?.content ?? {})[0];
  const isPlain = method === 'GET' && !parameters.some((one) => one.in === 'path');
  const answers = Object.entries(responses).map(([status, { description: said, content }]) => {
    const [json] = Object.values(content ?? {});
    return html`<tr><td>${status}</td><td>${prose(said)}${json && html`: ${typeHtml(json.schema)}`}</td></tr>`;
  });
  return html`<details id="${operationId}">
<summary><span class="method">${method}</span><span class="path">${path}</span><span class="note">${prose(summary)}</span></summary>
${paragraphs(description)}
<form data-method="${method}" data-path="${path}"${isPlain && html` method="get" action="${path}"`}${security.length > 0 && trusted(' data-admin')}>
${parameters.map((one) => parameterHtml(operationId, one))}${body && bodyHtml(`${operationId}-body`, body)}
<p><button>Send</button></p>
</form>
<pre><output hidden></output></pre>
<h3>Answers</h3>
<table>${answers}</table>
</details>
`;
}

const bodyHtml = (id: string, { schema, example = {} }: { schema: Schema; example?: unknown }): Html =>
  html`<label for="${id}"><b>body</b></label><textarea id="${id}" rows="5">${JSON.stringify(example, null, 2)}</textarea><span></span><span class="note">${typeHtml(schema)}</span>`;

function parameterHtml(operationId: string, parameter: Parameter): Html {
  const { name, in: where, description, required, schema, example } = parameter;
  const id = `${operationId}-${name}`;
  return html`<label for="${id}"><b>${name}</b>${required && html` <span class="note">required</span>`}</label><input id="${id}" name="${name}" data-in="${where}"${example !== undefined && html` value="${String(example)}"`} placeholder="${typeText(schema)}"><span class="note">${prose(description)}</span>
`;
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

function typeHtml(schema: Schema): Html {
  const text = typeText(schema);
  const [, name] = /#\/components\/schemas\/(\w+)/.exec(JSON.stringify(schema)) ?? [];
  if (!name) return html`${text}`;
  const [before, after] = text.split(name, 2);
  return html`${before}<a href="#schema-${name}">${name}</a>${after}`;
}

function schemaHtml(schema: Schema): Html {
  const { properties = {}, required = [], description } = schema as Shape;
  const about = description && html`<p>${prose(description)}</p>`;
  const rows = Object.entries(properties).map(([name, one]) => {
    const inner = one.properties ? one : one.items?.properties ? one.items : undefined;
    const said = one.description && html`. ${prose(one.description)}`;
    const within = inner && schemaHtml({ ...inner, description: undefined } as Schema);
    return html`<tr><td><code>${name}</code>${!required.includes(name) && html` <span class="note">optional</span>`}</td><td>${typeHtml(one as Schema)}${said}${within}</td></tr>`;
  });
  return rows.length > 0 ? html`${about}<table>${rows}</table>` : html`${about}<p>${typeHtml(schema)}</p>`;
}
