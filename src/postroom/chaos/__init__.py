"""Whether Postroom keeps its promises while its processes, its database and the network fail."""
