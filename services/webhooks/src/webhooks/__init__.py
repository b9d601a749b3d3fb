"""What leaves for other systems: endpoints, deliveries."""
