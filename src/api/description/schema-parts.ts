/** What the JSON Schemas of the answers are put together from. */

export type Schema = Readonly<Record<string, unknown>>;

export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
export const orNull = (type: string, more: Schema = {}): Schema => ({ type: [type, 'null'], ...more });
export const text = { type: 'string' };
export const number = { type: 'number' };
export const integer = { type: 'integer' };
export const flag = { type: 'boolean' };
export const time = { type: 'string', format: 'date-time' };
export const listOf = (items: Schema): Schema => ({ type: 'array', items });

export function object(properties: Record<string, Schema>, optional: string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required };
}

export const links = (...names: string[]): Schema =>
  object(Object.fromEntries(names.map((name) => [name, text])), names);

/** What `meta` says of the origin of the plans. */
export const UPSTREAM = {
  upstream: { ...text, description: 'Whose plans these are; `sandbox` means invented' },
  notice: text,
};

export const KEPT_FIELDS: Schema = {
  ...listOf(text),
  description:
    'Fields that the upstream last told as one value, or not at all, for a whole market: they are as they were before. Left out where there are none',
};
