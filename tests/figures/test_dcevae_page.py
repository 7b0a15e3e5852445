"""The page on binarised Adult is what its records give."""

import dcevae_results


def test_the_page_is_what_the_records_give():
    assert dcevae_results.PAGE.read_text("utf-8") == dcevae_results.page()
