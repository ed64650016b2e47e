"""Three workers' lives, played through the gateway over HTTP as their offices would."""
