"""The lives again: every event told twice, services killed, the broker killed. The outcome is the same."""

from tests.integration import exchange, faults


class TestLivesDisturbed:
    def test_every_event_delivered_twice(self, another_platform, undisturbed):
        with faults.in_background(faults.duplicate_everything(another_platform)):
            faults.play_through(another_platform)
            exchange.settle(another_platform)
        exchange.until(lambda: faults.drained(another_platform), lambda: "the duplicates were not gone through")

        exchange.check_invariants(another_platform)
        assert exchange.outcome(another_platform) == undisturbed

    def test_services_killed_at_random_moments(self, another_platform, undisturbed):
        killed: list[str] = []
        kills = faults.kill_at_random(another_platform, killed, seed=20240401, between=(0.5, 2.5), times=8)
        with faults.in_background(kills):
            faults.play_through(another_platform)

        assert len(killed) > 2
        exchange.check_invariants(another_platform)
        assert exchange.outcome(another_platform) == undisturbed

    def test_the_broker_killed_and_started_again(self, another_platform, undisturbed):
        with faults.in_background(faults.kill_broker(another_platform, after=6.0)):
            faults.play_through(another_platform)

        exchange.check_invariants(another_platform)
        assert exchange.outcome(another_platform) == undisturbed
