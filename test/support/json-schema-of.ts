/** A JSON Schema of what was seen: all samples fit it, and nothing is required that one of them lacks. */

export interface Seen {
  type?: string[];
  properties?: Record<string, Seen>;
  required?: string[];
  items?: Seen;
}

const typeOf = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
};

function schemaOf(value: unknown): Seen {
  const type = typeOf(value);
  if (type === 'array') {
    const items = (value as unknown[]).map(schemaOf).reduce<Seen | undefined>(merged, undefined);
    return { type: ['array'], ...(items && { items }) };
  }
  if (type !== 'object') return { type: [type] };
  const entries = Object.entries(value as object).filter(([, part]) => part !== undefined);
  return {
    type: ['object'],
    properties: Object.fromEntries(entries.map(([name, part]) => [name, schemaOf(part)])),
    required: entries.map(([name]) => name),
  };
}

function merged(a: Seen | undefined, b: Seen): Seen {
  if (!a) return b;
  const type = [...new Set([...(a.type ?? []), ...(b.type ?? [])])].toSorted();
  const items = b.items ? merged(a.items, b.items) : a.items;
  const names = new Set([...Object.keys(a.properties ?? {}), ...Object.keys(b.properties ?? {})]);
  const properties = Object.fromEntries(
    [...names].toSorted().map((name) => {
      const [one, other] = [a.properties?.[name], b.properties?.[name]];
      return [name, other ? merged(one, other) : one!];
    }),
  );
  const isBoth = a.required && b.required;
  const required = (
    isBoth ? a.required!.filter((name) => b.required!.includes(name)) : (a.required ?? b.required)
  )?.toSorted();
  return {
    type,
    ...(items && { items }),
    ...(names.size > 0 && { properties }),
    ...(required && { required }),
  };
}

/** What was only ever null may be anything once it is known. */
function published({ type = [], properties, required, items }: Seen, name = ''): object {
  if (type.length === 1 && type[0] === 'null') return {};
  // Names that come from the data: by_tdsp, by_reason.
  if (name.startsWith('by_') && properties) {
    const all = Object.values(properties).reduce<Seen | undefined>(merged, undefined);
    return { type: 'object', additionalProperties: all ? published(all) : {} };
  }
  return {
    type: type.length === 1 ? type[0] : type,
    ...(items && { items: published(items) }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, part]) => [name, published(part, name)]),
      ),
    }),
    ...(required && required.length > 0 && { required }),
  };
}

export function jsonSchemaOf(samples: readonly unknown[]): object {
  // Twice the first: so that names are in order even where there is one sample.
  return published([samples[0], ...samples].map(schemaOf).reduce<Seen | undefined>(merged, undefined)!);
}
