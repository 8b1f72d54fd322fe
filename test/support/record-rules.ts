/** `npm run rules`: writes the rules of the alerts for Prometheus, and a dashboard for Grafana, into ops/. */

import { writeFileSync } from 'node:fs';
import { grafanaDashboard, prometheusRules } from '../../src/monitor/alerts/prometheus-rules.ts';
import { readRules } from '../../src/monitor/alerts/rules.ts';

const ops = new URL('../../ops/', import.meta.url);
writeFileSync(new URL('prometheus-rules.yaml', ops), prometheusRules(readRules()));
writeFileSync(new URL('grafana-dashboard.json', ops), grafanaDashboard());
