"""From a trained model to a promotion: the case for the gates, and the proof of its origin."""
