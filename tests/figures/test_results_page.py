"""The page of results says what the records beside it say."""

from law_school_results import PAGE, page


def test_the_page_is_what_its_records_give():
    assert PAGE.read_text("utf-8") == page()
