"""When and where something is computed: tiers, looks, plan, queue, store, cluster."""
