/** Names of regions and cities that people use and no map has, and the places they mean. */

import { placeKey } from './place-key.ts';

const MEANT: [names: string, places: string][] = [
  [
    'dfw|metroplex|the metroplex|dallas fort worth metroplex|dallasfw',
    'Dallas|Fort Worth|Arlington|Plano|Irving',
  ],
  ['north texas', 'Dallas|Fort Worth|Plano|Denton|Wichita Falls'],
  ['mid cities|midcities|heb', 'Hurst|Euless|Bedford|Arlington'],
  ['big d|triple d', 'Dallas'],
  ['cowtown|funkytown|fw|fwtx', 'Fort Worth'],
  ['h town|htown|htx|space city|bayou city|clutch city', 'Houston'],
  ['atx|bat city', 'Austin'],
  ['satx|alamo city|san antone|santone|s a', 'San Antonio'],
  ['greater houston|gulf coast|houston metro', 'Houston|Pasadena|Sugar Land|Galveston|Baytown'],
  ['bay area houston|clear lake|clear lake city', 'Houston|Webster|League City|Seabrook'],
  ['the woodlands|woodlands', 'The Woodlands|Spring|Conroe|Magnolia'],
  ['central texas', 'Austin|Waco|Killeen|Temple|Round Rock'],
  ['east texas|piney woods', 'Tyler|Longview|Lufkin|Nacogdoches'],
  ['west texas', 'Midland|Odessa|Abilene|Lubbock|San Angelo'],
  ['permian basin|the basin|petroplex', 'Midland|Odessa|Big Spring|Andrews|Pecos'],
  ['south texas', 'Corpus Christi|Laredo|McAllen|Harlingen|Victoria'],
  ['rgv|rio grande valley|the valley|lower valley|956', 'McAllen|Brownsville|Harlingen|Edinburg|Mission'],
  ['coastal bend|sparkling city', 'Corpus Christi|Rockport|Portland|Kingsville|Alice'],
  ['golden triangle|southeast texas', 'Beaumont|Port Arthur|Orange'],
  ['panhandle|texas panhandle', 'Amarillo|Canyon|Pampa|Childress'],
  ['south plains|hub city', 'Lubbock'],
  ['hill country|texas hill country', 'Kerrville|Fredericksburg|Boerne|New Braunfels|Marble Falls'],
  ['big country', 'Abilene|Sweetwater|Snyder'],
  ['concho valley', 'San Angelo'],
  ['texoma', 'Sherman|Denison|Gainesville'],
  ['big bend', 'Alpine|Marfa|Presidio'],
  ['brazos valley|bcs|b cs|aggieland', 'Bryan|College Station'],
  ['ark la tex|arklatex', 'Texarkana|Longview|Marshall'],
  ['killeen temple|fort hood|fort cavazos', 'Killeen|Copperas Cove|Temple|Harker Heights'],
  ['fort bliss', 'El Paso'],
  ['lackland|fort sam houston|joint base san antonio', 'San Antonio'],
  ['padre island|north padre|padre|spi', 'South Padre Island|Corpus Christi'],
  ['the island', 'Galveston|South Padre Island'],
  ['port a', 'Port Aransas|Port Arthur'],
  ['cc|corpitos', 'Corpus Christi'],
  ['nac|nacadoches', 'Nacogdoches'],
  ['chuco|el chuco|chuco town|sun city', 'El Paso'],
  ['gtown', 'Georgetown|Galveston'],
  ['g vegas', 'Greenville'],
  ['mo city|mocity', 'Missouri City'],
  ['p land|pland', 'Pearland'],
  ['gville', 'Greenville|Gainesville|Gatesville'],
  ['gp', 'Grand Prairie'],
  ['jersey village|cy fair|cyfair|cypress fairbanks', 'Cypress|Houston'],
  ['las colinas', 'Irving'],
  ['park cities', 'University Park|Highland Park|Dallas'],
  ['kingwood', 'Kingwood|Humble|Houston'],
];

/** By the key of a nickname, the keys of the places it means. */
export const NICKNAMES: ReadonlyMap<string, readonly string[]> = new Map(
  MEANT.flatMap(([names, places]) =>
    names.split('|').map((name) => [placeKey(name), places.split('|').map(placeKey)] as const),
  ),
);
