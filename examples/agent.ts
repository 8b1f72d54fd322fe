/**
 * A question as an agent would answer it, over MCP: "what is the cheapest 12-month green plan for a house in 75201, and is
 * that bill certain?" Three calls of tools, as plain JSON-RPC over HTTP; what is printed is what the tools said, and no more.
 *
 *   WATTSYNC_URL=http://localhost:3000 node examples/agent.ts 75201
 */

const { WATTSYNC_URL = 'http://localhost:3000' } = process.env;
const [place = '75201'] = process.argv.slice(2);

interface Place {
  name: string;
  has_retail_choice: boolean;
  note: string | null;
}
interface Found {
  source: string;
  as_of: string;
  notice?: string;
  total: number;
  plans: { id: string; name: string; provider: string }[];
}
interface Told {
  plan: string;
  year: {
    usage_kwh: number;
    total_usd: number | null;
    exact: boolean;
    evidence: string | null;
    low_usd: number | null;
    high_usd: number | null;
  } | null;
}

let id = 0;
async function call<Answer>(name: string, given: object): Promise<Answer> {
  const response = await fetch(`${WATTSYNC_URL}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: ++id,
      method: 'tools/call',
      params: { name, arguments: given },
    }),
  });
  const text = await response.text();
  // As one event of a stream, or as it is.
  const json = /^data: (.*)$/m.exec(text)?.[1] ?? text;
  const { result, error } = JSON.parse(json);
  if (error || result.isError) throw new Error(error?.message ?? result.content[0].text);
  return result.structuredContent;
}

const where = await call<Place>('find_place', { place });
if (!where.has_retail_choice) {
  console.log(`${where.name}: ${where.note}`);
} else {
  const asked = { place, profile: 'house', term_months: 12, min_green: 100, limit: 1 };
  const { plans, total, source, as_of, notice } = await call<Found>('search_plans', asked);
  const [cheapest] = plans;
  if (!cheapest) {
    console.log(`No green plan of 12 months is on sale in ${where.name}.`);
  } else {
    const { plan, year } = await call<Told>('bill', { plan_id: cheapest.id, profile: 'house' });
    const certain = year?.exact
      ? `certain (${year.evidence})`
      : `not certain (${year?.evidence ?? 'nothing is known'}): $${year?.low_usd} to $${year?.high_usd}`;
    console.log(
      `Of ${total} green 12-month plans in ${where.name}: ${plan}, $${year?.total_usd} a year at ${year?.usage_kwh} kWh, before tax.`,
    );
    console.log(`That bill is ${certain}. Source: ${source}, as of ${as_of}.${notice ? ` ${notice}` : ''}`);
  }
}
