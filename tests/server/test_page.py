"""The page at `/`, in a real browser: a person types a row or drops a file and gets an answer."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import chromium, grave_violations
from playwright.sync_api import Browser, Page, expect
from server_process import Server, serving

from conveyor import files
from conveyor.paths import Paths
from conveyor.serving.digests import write_digests
from conveyor.serving.example import write_example

HOSTILE = "<img src=x onerror=\"document.title='hacked'\">"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Any:
    return request.param


def open_page(browser: Browser, server: Server, path: str = "/", **options: Any) -> Page:
    """Open a page; a request to another address, and an error of the script, end the test."""
    connection = server.connect()
    address = f"http://{connection.host}:{connection.port}"
    page = browser.new_page(**options)
    page.on("request", lambda request: _require(request.url.startswith(address), request.url))
    page.on("pageerror", lambda error: _require(False, str(error)))
    page.goto(address + path)
    return page


def _require(holds: bool, message: str) -> None:
    assert holds, message


def cells(page: Page) -> list[str]:
    return page.locator("#result tbody tr td:nth-child(2)").all_inner_texts()


def answers_of(server: Server, rows: list[Any]) -> list[str]:
    predictions = server.ask("/invocations", {"inputs": rows})[1]["predictions"]
    return [str(record["label"]) for record in predictions]


def test_texts_are_typed_and_answered(browser: Browser, servers: dict[str, Server]) -> None:
    texts = ["good morning", "bad, \"bad\" 'evening'", "привет"]
    page = open_page(browser, servers["words"])
    expect(page.locator("h1")).to_contain_text("words, version ")
    page.get_by_label("Texts").fill("\n".join(texts))
    page.get_by_role("button", name="Answer").click()
    expect(page.locator("#result h2")).to_contain_text("Answers to 3 row(s)")
    assert cells(page) == answers_of(servers["words"], texts)
    page.close()


def test_a_text_from_right_to_left_is_typed_and_shown_so(
    browser: Browser, servers: dict[str, Server]
) -> None:
    page = open_page(browser, servers["words"])
    page.get_by_label("Texts").fill("هذا رائع iPhone 15")
    right_to_left = "(element) => getComputedStyle(element).direction === 'rtl'"
    assert page.get_by_label("Texts").evaluate(right_to_left)
    page.get_by_role("button", name="Answer").click()
    [label, *_] = answers_of(servers["words"], ["هذا رائع iPhone 15"])
    expect(page.locator("#result li bdi").filter(has_text=label)).to_have_count(1)
    page.get_by_role("button", name="Look inside").click()
    row = page.get_by_text("Row: ").locator("bdi")
    expect(row).to_have_text("هذا رائع iPhone 15")
    assert row.evaluate(right_to_left)
    assert page.get_by_text("Answer: ").locator("bdi").first.inner_text() == label
    page.close()


def test_spans_are_written_in_words(browser: Browser, servers: dict[str, Server]) -> None:
    narrow: Any = {"width": 390, "height": 844}
    page = open_page(browser, servers["words"], viewport=narrow)
    spans = [{"type": "city", "start": place, "text": HOSTILE} for place in range(12)]
    records = [{"tags": ["O", "city"], "spans": spans}, {"tags": ["O"], "spans": []}]
    page.evaluate("(predictions) => show({ predictions, model_version: '1' })", records)
    tags, cell = (page.locator("#result td").nth(column) for column in (1, 2))
    assert tags.inner_text() == "O, city"
    assert cell.locator("li").all_inner_texts()[0] == f"type city, start 0, text {HOSTILE}"
    assert cell.inner_text().endswith("and 2 more")
    assert page.locator("#result td").nth(5).inner_text() == "none"
    lines = page.locator("#result th").evaluate_all("""(headers) => headers.map((header) => {
        const range = document.createRange();
        range.selectNodeContents(header);
        return range.getClientRects().length;
    })""")
    assert lines == [1, 1, 1]  # no name of a column is broken
    assert page.locator("#result img").count() == 0
    page.close()


def test_the_keyboard_alone_reaches_everything(
    browser: Browser, servers: dict[str, Server]
) -> None:
    page = open_page(browser, servers["toys"])
    expect(page.locator("#form")).to_be_visible()
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.id || document.activeElement.innerText")
        )
        if reached[-1] == "example":
            page.keyboard.press("Enter")
            break
    assert {"input", "file", "Answer", "example"} <= set(reached)
    page.locator("#input").focus()
    [row] = servers["toys"].ask("/openapi.json")[1]["paths"]["/invocations"]["post"]["requestBody"][
        "content"]["application/json"]["example"]["inputs"]["series"]  # fmt: skip
    assert page.locator("#input").input_value().count("\n") == len(row) - 1
    page.get_by_role("button", name="Answer").press("Enter")
    expect(page.locator("#result h2")).to_contain_text("Answers to 1 row(s)")
    assert cells(page) == answers_of(servers["toys"], [row])
    page.close()


ROW = [[1.0, 2.0], [3.0, 4.5]]
FILES = {
    "toys": {
        "steps.csv": ("1,2\n3,4.5\n", [ROW]),
        "steps.txt": ("1 2\n3 4.5\n", [ROW]),
        "rows.json": (json.dumps([{"series": ROW}, {"series": ROW[:1]}]), [ROW, ROW[:1]]),
        "body.json": (json.dumps({"inputs": [ROW]}), [ROW]),
        "rows.jsonl": (f"{json.dumps({'series': ROW})}\n", [ROW]),
        "table.csv": ('id,series\r\n7,"[[1,2],[3,4.5]]"\r\n', [ROW]),
    },
    "words": {
        "texts.txt": ("good morning\n\nbad, evening\n", ["good morning", "bad, evening"]),
        "texts.csv": ('id,text\n1,"good, ""very""\nmorning"\n2,bad\n',
                      ['good, "very"\nmorning', "bad"]),
        "texts.tsv": ("text\tid\ngood morning\t1\n", ["good morning"]),
    },
}  # fmt: skip


@pytest.mark.parametrize("model", FILES)
def test_files_are_read_in_the_usual_forms(
    browser: Browser, servers: dict[str, Server], model: str
) -> None:
    page = open_page(browser, servers[model])
    expect(page.locator("#form")).to_be_visible()
    for name, (content, rows) in FILES[model].items():
        page.set_input_files("#file", [])
        page.set_input_files("#file", {"name": name, "mimeType": "", "buffer": content.encode()})
        expect(page.locator("#result h2")).to_contain_text(f"Answers to {len(rows)} row(s)")
        assert cells(page) == answers_of(servers[model], rows), name
        page.locator("#result").evaluate("section => section.replaceChildren()")
    page.close()


MAKE_DROP = """([name, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name));
    return transfer;
}"""


def test_a_file_is_dropped_and_answered(browser: Browser, servers: dict[str, Server]) -> None:
    page = open_page(browser, servers["words"])
    expect(page.locator("#form")).to_be_visible()
    area = page.locator("#drop")
    name, (content, rows) = next(iter(FILES["words"].items()))
    files_of_the_drag = page.evaluate_handle(MAKE_DROP, [name, content])
    area.dispatch_event("dragover", {"dataTransfer": files_of_the_drag})
    expect(area).to_have_class("drop over")
    area.dispatch_event("drop", {"dataTransfer": files_of_the_drag})
    expect(area).to_have_class("drop")
    expect(page.locator("#result h2")).to_contain_text(f"Answers to {len(rows)} row(s)")
    assert cells(page) == answers_of(servers["words"], rows)
    page.close()


def test_a_refusal_is_shown_in_the_servers_words(
    browser: Browser, servers: dict[str, Server]
) -> None:
    page = open_page(browser, servers["toys"])
    page.get_by_label("Series").fill("1, 2\n3\n")
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_role("alert")).to_contain_text("expected a list of steps of 2 numbers each")
    page.get_by_label("Series").fill("1, two")
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_role("alert")).to_have_text("Expected a number; got two")
    page.close()


def test_axe_finds_no_grave_violation(
    browser: Browser, servers: dict[str, Server], scheme: Any
) -> None:
    page = open_page(browser, servers["words"], color_scheme=scheme)
    page.get_by_role("button", name="Insert the example").click()
    page.get_by_role("button", name="Answer").click()
    expect(page.locator("#result table")).to_be_visible()
    assert grave_violations(page) == []
    page.close()
    page = open_page(browser, servers["toys"], "/docs", color_scheme=scheme)
    assert grave_violations(page) == []
    page.close()


def test_a_label_does_not_run_and_a_token_opens_the_page(
    browser: Browser, word_product: Path, tmp_path: Path
) -> None:
    """A model whose class names are markup, and whose example has two lines, behind a token."""
    folder, token = tmp_path / "model", secrets.token_hex()
    with files.replacing_folder(folder) as temporary:
        for path in word_product.iterdir():
            (temporary / path.name).write_bytes(path.read_bytes())
        card = files.read_json(temporary / "card.json")
        card["target"]["classes"] = [HOSTILE, f"{HOSTILE}2"]
        files.write_json(temporary / "card.json", card)
        write_example(temporary, "good\nevening")
        write_digests(temporary)
    (tmp_path / "token").write_text(token)
    options = ("--model", str(folder), "--token-file", str(tmp_path / "token"))
    with serving(Paths(tmp_path), tmp_path / "log", *options) as server:
        page = open_page(browser, server)
        expect(page.get_by_role("alert")).to_contain_text("token: expected the header")
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Use the token").click()
        page.get_by_label("Texts").fill(HOSTILE)
        page.get_by_role("button", name="Answer").click()
        expect(page.locator("#result table")).to_contain_text(HOSTILE)
        assert page.locator("#result img").count() == 0
        assert "hacked" not in page.title()
        page.get_by_role("button", name="Insert the example").click()
        page.get_by_role("button", name="Answer").click()
        expect(page.locator("#result h2")).to_contain_text("Answers to 1 row(s)")
        page.get_by_role("button", name="Look inside").click()
        expect(page.locator("#result h2")).to_contain_text("Inside version")
        assert grave_violations(page) == []
        page.close()
