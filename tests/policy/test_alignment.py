"""Is a promise about DMARC made only where receivers will keep it?"""

from postroom.policy.alignment import dmarc_alignment


def test_the_same_domain_aligns_by_both_ways() -> None:
    alignment = dmarc_alignment(
        "company-name.com", return_path_domain="Company-Name.com", dkim_domains=["company-name.com"]
    )
    assert (alignment.spf_aligned, alignment.dkim_aligned, alignment.is_aligned) == (True, True, True)
    assert "SPF" in alignment.sentence
    assert "DKIM" in alignment.sentence


def test_a_sub_domain_and_its_parent_align() -> None:
    assert dmarc_alignment(
        "company-name.com", return_path_domain="bounces.company-name.com", dkim_domains=[]
    ).spf_aligned
    assert dmarc_alignment("mail.company-name.com", return_path_domain="company-name.com", dkim_domains=[]).spf_aligned


def test_one_signature_of_several_is_enough() -> None:
    alignment = dmarc_alignment(
        "company-name.com", return_path_domain="brevo.example", dkim_domains=["brevo.example", "company-name.com"]
    )
    assert (alignment.spf_aligned, alignment.dkim_aligned, alignment.is_aligned) == (False, True, True)


def test_siblings_of_one_organisation_align() -> None:
    alignment = dmarc_alignment("mail.company.co.uk", return_path_domain="shop.company.co.uk", dkim_domains=[])
    assert alignment.spf_aligned
    neighbours = dmarc_alignment("a.github.io", return_path_domain="b.github.io", dkim_domains=[])
    assert not neighbours.is_aligned


def test_strangers_and_look_alikes_do_not_align() -> None:
    for other in ("brevo.example", "my-company-name.com", "com", "company-name.com.evil.example"):
        alignment = dmarc_alignment("company-name.com", return_path_domain=other, dkim_domains=[other])
        assert not alignment.is_aligned
        assert "will fail for company-name.com" in alignment.sentence


def test_the_sentence_shows_domains_as_people_read_them() -> None:
    alignment = dmarc_alignment("xn--mnchen-3ya.example", return_path_domain="a.example", dkim_domains=[])
    assert "münchen.example" in alignment.sentence
