"""Small repositories in five languages that the labelled changes start from."""

PYTHON = {
    "pyproject.toml": """\
[project]
name = "shop"
version = "1.4.0"
requires-python = ">=3.10"
dependencies = ["requests==2.31.0", "pydantic>=2.5", "attrs~=23.2"]

[tool.pytest.ini_options]
addopts = "-q"

[tool.coverage.report]
fail_under = 85
""",
    "README.md": "# Shop\n\nPrices, orders and exports.\n\n    shop export --csv\n",
    "LICENSE": "Apache License 2.0\n\nCopyright 2024 The Shop authors\n",
    "src/shop/__init__.py": "",
    "src/shop/prices.py": '''\
# Copyright 2024 The Shop authors
# SPDX-License-Identifier: Apache-2.0
"""Prices."""

RATES = {"de": 0.19, "fr": 0.2}


def gross(net, country):
    """The price with tax."""
    return net * (1 + RATES[country])


def discount(net, percent):
    if not 0 <= percent <= 100:
        raise ValueError("percent must lie between 0 and 100")
    return net * (1 - percent / 100)


def rounded(value):
    return round(value + 1e-9, 2)
''',
    "src/shop/orders.py": '''\
"""Orders."""

from shop.prices import gross, rounded


class Order:
    def __init__(self, lines=()):
        self.lines = list(lines)

    def add(self, name, net, count=1):
        self.lines.append((name, net, count))

    def total(self, country):
        return rounded(sum(gross(net, country) * count for _, net, count in self.lines))

    def is_empty(self):
        return not self.lines


def greeting(order):
    return f"Thank you for {len(order.lines)} items"
''',
    "src/shop/export.py": '''\
"""Exports of orders."""

import json


def to_csv(order):
    return "\\n".join(f"{name},{net},{count}" for name, net, count in order.lines)


def to_json(order):
    return json.dumps([{"name": name, "net": net, "count": count} for name, net, count in order.lines])
''',
    "tests/test_prices.py": """\
import pytest

from shop.prices import discount, gross, rounded


def test_gross_adds_the_tax():
    assert gross(100, "de") == pytest.approx(119, rel=1e-6)
    assert gross(100, "fr") == pytest.approx(120, rel=1e-6)


def test_discount_takes_a_share():
    assert discount(200, 10) == 180
    assert discount(200, 0) == 200


def test_discount_refuses_nonsense():
    with pytest.raises(ValueError, match="between"):
        discount(1, 101)


def test_rounded_to_cents():
    assert rounded(1.005) == 1.01


@pytest.mark.parametrize(("value", "cents"), [(1.114, 1.11), (1.116, 1.12), (2, 2)])
def test_rounded_many(value, cents):
    assert rounded(value) == cents
""",
    "tests/test_orders.py": """\
from shop.orders import Order, greeting


def test_an_order_adds_up():
    order = Order()
    order.add("tea", 10, 2)
    order.add("cup", 5)
    assert order.total("de") == 29.75
    assert not order.is_empty()


def test_an_empty_order():
    assert Order().is_empty()
    assert Order().total("de") == 0


def test_greeting_counts_items():
    order = Order([("tea", 1, 1), ("cup", 1, 1)])
    assert greeting(order) == "Thank you for 2 items"
""",
    "tests/test_export.py": """\
import json

from shop.export import to_csv, to_json
from shop.orders import Order


def test_csv_has_a_line_for_each_item():
    order = Order([("tea", 10, 2), ("cup", 5, 1)])
    assert to_csv(order) == "tea,10,2\\ncup,5,1"


def test_json_round_trip():
    order = Order([("tea", 10, 2)])
    assert json.loads(to_json(order)) == [{"name": "tea", "net": 10, "count": 2}]
""",
    "tests/__snapshots__/greeting.snap": "greeting 1\n\nThank you for 2 items\n",
    "tests/testdata/golden/export.csv": "tea,10,2\ncup,5,1\n",
    ".github/workflows/ci.yml": """\
name: ci
on: [push]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: ruff check .
      - run: mypy src
      - run: pytest --cov --cov-fail-under=85
""",
    "requirements.txt": "requests==2.31.0\npydantic==2.5.3\nattrs==23.2.0\n",
}

JAVASCRIPT = {
    "package.json": """\
{
  "name": "cart",
  "version": "2.0.0",
  "engines": {"node": ">=20"},
  "scripts": {"test": "jest", "lint": "eslint ."},
  "dependencies": {"express": "^4.19.2", "zod": "^3.23.0"},
  "devDependencies": {"jest": "^29.7.0", "typescript": "^5.4.0"},
  "jest": {"coverageThreshold": {"global": {"branches": 80, "lines": 90}}}
}
""",
    "src/cart.ts": """\
export interface Item { name: string; price: number; count: number }

export function total(items: Item[]): number {
  return items.reduce((sum, item) => sum + item.price * item.count, 0);
}

export function format(amount: number): string {
  return `${amount.toFixed(2)} EUR`;
}

export function parse(text: string): Item {
  const [name, price, count] = text.split(',');
  if (!count) throw new Error('three fields are needed');
  return { name, price: Number(price), count: Number(count) };
}
""",
    "src/cart.test.ts": """\
import { format, parse, total } from './cart';

describe('total', () => {
  it('sums prices', () => {
    expect(total([{ name: 'tea', price: 2, count: 3 }])).toBe(6);
    expect(total([])).toBe(0);
  });

  it('is close for fractions', () => {
    expect(total([{ name: 'a', price: 0.1, count: 3 }])).toBeCloseTo(0.3, 8);
  });
});

describe('parse', () => {
  it('reads three fields', () => {
    expect(parse('tea,2,3')).toEqual({ name: 'tea', price: 2, count: 3 });
  });

  it('refuses two fields', () => {
    expect(() => parse('tea,2')).toThrow('three fields');
  });
});

test('format has a currency', () => {
  expect(format(2)).toBe('2.00 EUR');
});
""",
    "src/__snapshots__/cart.test.ts.snap": 'exports[`receipt 1`] = `"2.00 EUR"`;\n',
}

GO = {
    "go.mod": "module example.test/stack\n\ngo 1.22\n\nrequire (\n\tgithub.com/stretchr/testify v1.9.0\n\tgolang.org/x/text v0.15.0\n)\n",
    "stack.go": """\
package stack

import "errors"

var ErrEmpty = errors.New("empty")

type Stack struct{ items []int }

func (s *Stack) Push(v int) { s.items = append(s.items, v) }

func (s *Stack) Pop() (int, error) {
	if len(s.items) == 0 {
		return 0, ErrEmpty
	}
	v := s.items[len(s.items)-1]
	s.items = s.items[:len(s.items)-1]
	return v, nil
}

func Mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
""",
    "stack_test.go": """\
package stack

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPop(t *testing.T) {
	var s Stack
	s.Push(1)
	v, err := s.Pop()
	assert.NoError(t, err)
	assert.Equal(t, 1, v)
}

func TestPopEmpty(t *testing.T) {
	var s Stack
	if _, err := s.Pop(); err != ErrEmpty {
		t.Fatalf("got %v", err)
	}
}

func TestMean(t *testing.T) {
	tests := []struct {
		in   []float64
		want float64
	}{
		{[]float64{1, 2}, 1.5},
		{[]float64{0.1, 0.2}, 0.15},
	}
	for _, tc := range tests {
		assert.InDelta(t, tc.want, Mean(tc.in), 0.0001)
	}
}
""",
}

JAVA = {
    "pom.xml": """\
<project>
  <properties><java.version>21</java.version></properties>
  <dependencies>
    <dependency><groupId>org.junit.jupiter</groupId><artifactId>junit-jupiter</artifactId><version>5.10.2</version></dependency>
    <dependency><groupId>com.google.guava</groupId><artifactId>guava</artifactId><version>33.1.0</version></dependency>
  </dependencies>
</project>
""",
    "src/main/java/shop/Money.java": """\
package shop;

public final class Money {
    private final long cents;

    public Money(long cents) {
        this.cents = cents;
    }

    public Money plus(Money other) {
        return new Money(cents + other.cents);
    }

    public double euros() {
        return cents / 100.0;
    }

    @Override
    public String toString() {
        return String.format("%.2f EUR", euros());
    }
}
""",
    "src/test/java/shop/MoneyTest.java": """\
package shop;

import static org.junit.jupiter.api.Assertions.*;

import org.junit.jupiter.api.Test;

class MoneyTest {
    @Test
    void addsUp() {
        assertEquals("3.00 EUR", new Money(100).plus(new Money(200)).toString());
    }

    @Test
    void isInEuros() {
        assertEquals(1.25, new Money(125).euros(), 0.0001);
        assertEquals(0.0, new Money(0).euros(), 0.0001);
    }

    @Test
    void isReadable() {
        assertTrue(new Money(5).toString().startsWith("0.05"));
    }
}
""",
}

RUST = {
    "Cargo.toml": '[package]\nname = "grid"\nversion = "0.3.0"\nrust-version = "1.75"\n\n[dependencies]\nserde = "1.0.200"\nrand = "0.8.5"\n',
    "src/lib.rs": """\
//! A grid of numbers.

pub fn area(width: u32, height: u32) -> u32 {
    width * height
}

pub fn parse(text: &str) -> Result<u32, String> {
    text.trim().parse().map_err(|_| format!("not a number: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn area_multiplies() {
        assert_eq!(area(2, 3), 6);
        assert_eq!(area(0, 3), 0);
    }

    #[test]
    fn parse_reads_numbers() {
        assert_eq!(parse(" 7 "), Ok(7));
        assert!(parse("x").is_err());
    }
}
""",
}
