from postroom.rfc.standard_webhooks import sign, write_secret


def test_signs_the_example_of_the_specification() -> None:
    """The vector that its libraries test with."""
    fields = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}', id_="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
    )  # fmt: skip
    assert fields == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_secret_is_base64_behind_its_mark() -> None:
    assert write_secret(b"\xff" * 24) == "whsec_" + "/" * 32
