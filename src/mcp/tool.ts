/** What a tool is: what it takes, what it answers, and how it is found out by asking the API. */

import { z } from 'zod';
import type { Client } from '../../client/index.ts';

export interface Tool {
  name: string;
  description: string;
  input: z.ZodObject;
  output: z.ZodObject;
  /** Changes something, so it is for operators. */
  isForOperators: boolean;
  /** @throws {ApiError} */
  run(client: Client, input: Record<string, unknown>): Promise<Record<string, unknown>>;
}

export function tool<In extends z.ZodObject, Out extends z.ZodObject>(
  about: Pick<Tool, 'name' | 'description'> &
    Partial<Pick<Tool, 'isForOperators'>> & { input: In; output: Out },
  run: (client: Client, input: z.infer<In>) => Promise<z.infer<Out>>,
): Tool {
  return {
    isForOperators: false,
    ...about,
    // What is read is checked by the server with the schema of the input first.
    run: run as unknown as Tool['run'],
  };
}

export const text = z.string();
export const flag = z.boolean();
export const number = z.number();
export const orNull = <T extends z.ZodType>(type: T) => type.nullable();
/** Any object: its fields are told in the text of the description, because each costs tokens in every list of tools. */
export const record = z.looseObject({});

/** How old an answer is, and whose facts they are; `notice` where they are invented. */
export const ABOUT = {
  as_of: text,
  age_seconds: number,
  source: text,
  stale: flag,
  notice: text.optional(),
};

interface Meta {
  as_of: string;
  age_seconds: number;
  upstream: string;
  stale: boolean;
  notice?: string;
}

export const aboutOf = ({ as_of, age_seconds, upstream, stale, notice }: Meta) => ({
  as_of,
  age_seconds,
  source: upstream,
  stale,
  ...(notice && { notice }),
});
