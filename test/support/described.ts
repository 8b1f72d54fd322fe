/** Answers compared with what `/openapi.json` of the same server says of them. */

import assert from 'node:assert/strict';
import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

export interface Answer {
  method: string;
  url: string;
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

interface Response {
  headers?: Record<string, unknown>;
  content?: Record<string, { schema: AnySchema; examples?: Record<string, unknown> }>;
}
interface Operation {
  operationId: string;
  responses: Record<string, Response>;
}
export interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, AnySchema> };
}

/** Nothing may be answered that is not described, so no object may have more than its properties. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const all = Object.fromEntries(Object.entries(schema).map(([name, part]) => [name, closed(part)]));
  return 'properties' in schema && !('additionalProperties' in schema)
    ? { ...all, additionalProperties: false }
    : all;
}

/** @returns what checks an answer, and throws where it is not as described */
export function expectDescribed(document: Document): (answer: Answer) => void {
  const ajv = new Ajv2020({ strict: false, allErrors: false });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'api', components: closed(document.components) as AnySchema });
  const inDocument = (schema: AnySchema): AnySchema =>
    JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"api#/components'));
  const paths = Object.entries(document.paths).map(([path, methods]) => ({
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
    methods,
  }));
  return ({ method, url, status, headers, body }) => {
    const path = url.split('?')[0]!;
    const known = paths.find(({ pattern }) => pattern.test(path))?.methods;
    const operation = known?.[method.toLowerCase()];
    if (!operation) {
      // Nothing but that there is nothing can be said of what is not described.
      assert.ok(status >= 400 || !path.startsWith('/v1/'), `${method} ${path} is not described: ${status}`);
      return;
    }
    const what = `${operation.operationId} (${url}): ${status}`;
    const response = operation.responses[status];
    assert.ok(response, `${what} is not described; got ${body.slice(0, 300)}`);
    for (const name of Object.keys(response.headers ?? {})) {
      if (name !== 'Link') assert.ok(headers[name.toLowerCase()] !== undefined, `${what} has no ${name}`);
    }
    if (status === 304) return;
    const [type] = String(headers['content-type']).split(';');
    const content = response.content?.[type!];
    assert.ok(content, `${what} is not described as ${type}`);
    if (!type!.endsWith('json')) return;
    const json = JSON.parse(body);
    const validate = ajv.compile(closed(inDocument(content.schema)) as AnySchema);
    assert.ok(validate(json), `${what}: ${JSON.stringify(validate.errors?.slice(0, 3))}`);
    if (content.examples) assert.ok(json.code in content.examples, `${what} with the code ${json.code}`);
    if (json.links?.next && 'Link' in (response.headers ?? {})) {
      assert.equal(headers.link, `<${json.links.next}>; rel="next"`, what);
    }
  };
}
