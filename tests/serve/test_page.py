"""The page's text: all inside, nothing from elsewhere, and nothing else that a browser would run."""

import base64
import hashlib
import re

from served import client
from unfreeze.serve.page import predict_page

HTML, POLICY = predict_page()


def digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def test_the_policy_lets_run_what_stands_in_the_page_and_nothing_else() -> None:
    scripts = re.findall(r"<script>(.*?)</script>", HTML, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", HTML, re.DOTALL)
    assert len(scripts) == len(styles) == 1
    directives = dict(part.strip().partition(" ")[::2] for part in POLICY.split(";"))
    assert directives["script-src"] == digest(scripts[0])
    assert directives["style-src"] == digest(styles[0])
    assert directives["default-src"] == directives["base-uri"] == directives["form-action"] == "'none'"
    assert directives["connect-src"] == "'self'"


def test_nothing_is_fetched_and_nothing_is_put_in_as_markup() -> None:
    addresses = set(re.findall(r"https?://[^'\"\s)]+", HTML))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", HTML)
    assert not re.search(r"\son\w+=|\sstyle=", HTML)


def test_the_page_is_served_with_its_policy() -> None:
    with client() as talking:
        response = talking.get("/")
    assert response.text == HTML
    assert response.headers["content-security-policy"] == POLICY
