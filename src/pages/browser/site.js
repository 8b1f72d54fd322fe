// What the pages can do more of where scripts run.
