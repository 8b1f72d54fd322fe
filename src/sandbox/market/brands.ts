/**
 * Forty retail electric providers that do not exist. Each name joins Texas nature with a word from physics, so that
 * nobody takes one for a company; PUCT numbers below 10000 were never issued, 555-01xx numbers and
 * `.invalid` addresses reach nobody (RFC 2606).
 */

import { EPOCH_MS } from '../virtual-clock.ts';
import { stream } from './chance.ts';
import { objectId, type UpstreamPlan } from './upstream-plan.ts';

const NAMES = `
  Armadillo Volt, Jackrabbit Joule, Pecan Current, Mockingbird Ampere, Prickly Pear Watts,
  Tumbleweed Kilowatt, Horned Lizard Power, Caliche Circuit, Roadrunner Ohm, Javelina Light,
  Sotol Electric, Catclaw Coulomb, Longhorn Farad, Paintbrush Volts, Dry Creek Dynamo, Ocotillo Outlet,
  Cottonwood Conductor, Sandhill Switch, Bobcat Breaker, Yucca Wattage, Grackle Grid, Cicada Current,
  Live Oak Joules, Palo Duro Plug, Mustang Megawatt, Huisache Henry, Red Clay Relay, Possum Phase,
  Agarita Amps, Buffalo Grass Volt, Juniper Joulewise, Gulf Heron Hertz, Limestone Lumen,
  Scissortail Spark Gap, Cedar Brake Cell, Chaparral Charge, Whitetail Watt Works, Blackland Battery,
  Thistle Transformer, Panhandle Pylon`
  .trim()
  .split(/,\s+/);

export const SANDBOX_BRANDS: readonly UpstreamPlan['product']['brand'][] = NAMES.map((name, index) => {
  const number = String(index + 1).padStart(2, '0');
  const phone_number = `(512) 555-01${number}`;
  return {
    _id: objectId(EPOCH_MS, stream('brand'), stream(name)),
    name,
    puct_number: `000${number}`,
    legal_name: `${name} Retail LLC (sandbox)`,
    contact_info: {
      sales: { phone_number },
      support: {
        address: `${100 + index} Invented Street, Nowhere, TX 00000`,
        email: `help@${name.toLowerCase().replaceAll(' ', '-')}.sandbox.invalid`,
        phone_number,
      },
    },
  };
});
