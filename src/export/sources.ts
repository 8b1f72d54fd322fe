/** Whose data an export holds, under which terms, and what its users should say. */

interface SourceTerms {
  title: string;
  path?: string;
  license: { name: string; title: string; path?: string };
  attribution: string;
}

export const SOURCE_TERMS: Readonly<Record<string, SourceTerms>> = {
  powertochoose: {
    title: 'Power to Choose, Public Utility Commission of Texas',
    path: 'http://www.powertochoose.org/',
    license: { name: 'other-pd', title: 'Facts that the State of Texas publishes' },
    attribution: 'Plans and prices: Power to Choose, Public Utility Commission of Texas.',
  },
  comparepower: {
    title: 'ComparePower',
    path: 'https://comparepower.com/',
    license: {
      name: 'other-closed',
      title: 'The terms between ComparePower and the operator of this server',
    },
    attribution: 'Plans and prices: ComparePower.',
  },
  sandbox: {
    title: 'The sandbox of wattsync: invented plans and prices',
    license: {
      name: 'CC0-1.0',
      title: 'Creative Commons Zero 1.0',
      path: 'https://creativecommons.org/publicdomain/zero/1.0/',
    },
    attribution: 'Sandbox data: these plans and prices are invented.',
  },
};
