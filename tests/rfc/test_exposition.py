from postroom.rfc.exposition import Metric, render_metrics


def test_writes_help_type_and_values_with_their_labels_escaped() -> None:
    metric = Metric("mail_total", "counter", "Mail.", [({"server": 'A "b"\\\n'}, 12_345_678), ({}, 0.5)])
    assert render_metrics([metric]).splitlines() == [
        "# HELP mail_total Mail.",
        "# TYPE mail_total counter",
        r'mail_total{server="A \"b\"\\\n"} 12345678',
        "mail_total 0.5",
    ]
