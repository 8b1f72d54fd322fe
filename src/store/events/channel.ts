/** The channel on which every process hears of events. The payload is the number of the last one. */
export const MARKET_EVENTS = 'wattsync_market_events';
