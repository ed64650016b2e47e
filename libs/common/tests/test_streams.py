from common.bus import publishers, streams_of
from common.events import event_classes


class TestStreams:
    def test_of_every_publisher_are_events_and_decisions_in_one_order(self):
        for publisher in publishers():
            assert streams_of(publisher).keys() >= {"events", "decisions"}
            assert streams_of(publisher)["decisions"] == 1

    def test_of_work_are_those_of_services_that_give_themselves_some(self):
        said = {cls.publisher for cls in event_classes().values() if cls.stream == "work"}

        assert {publisher for publisher in publishers() if "work" in streams_of(publisher)} == said == {"payroll"}
