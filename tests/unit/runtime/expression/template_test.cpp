#include "evaluate_text.hpp"

namespace lode::expression {
namespace {

TEST(template_language, reads_names_attributes_and_indices) {
  expect_all({{"{{ config.a }}", "'x'"},
              {"{{ config['n'] }}", "5"},
              {"{{ config.l[0] }}", "1"},
              {"{{ config.l[-1] }}", "2.5"},
              {"{{ config.l[1:] }}", "['b', 2.5]"},
              {"{{ config.a[0] }}", "'x'"},
              {"{{ 'abc'[::-1] }}", "'cba'"},
              {"{{ config['d']['e'] }}", "{}"},
              {"{{ record['items'][1].k }}", "'b'"}});
}

TEST(template_language, knows_the_aliases_of_the_slice) {
  expect_all({{"{{ stream_slice.p }}", "'q'"},
              {"{{ stream_partition.p }}", "'q'"},
              {"{{ stream_interval['start_time'] }}", "'2024-01-01'"}});
}

TEST(template_language, calculates_like_python) {
  expect_all({{"{{ 10 / 5 }}", "2.0"},   {"{{ 7 // 2 }}", "3"},     {"{{ -7 // 2 }}", "-4"},
              {"{{ -7 % 3 }}", "2"},     {"{{ 2 ** 10 }}", "1024"}, {"{{ 1e16 }}", "1e+16"},
              {"{{ 1e-5 }}", "1e-05"},   {"{{ 0.1 + 0.2 }}", "0.30000000000000004"},
              {"{{ 'a' + 'b' }}", "'ab'"}, {"{{ 1 ~ 'a' ~ none }}", "'1aNone'"}, {"{{ -1 | abs }}", "1"}});
}

TEST(template_language, compares_and_decides_like_python) {
  expect_all({{"{{ 1 < 2 < 3 }}", "True"},
              {"{{ 1 == 1.0 }}", "True"},
              {"{{ 'x' in config.a }}", "True"},
              {"{{ 'k' in config.d }}", "True"},
              {"{{ 'next' not in headers['nolink'] }}", "True"},
              {"{{ not config.missing }}", "True"},
              {"{{ config.missing or 'dflt' }}", "'dflt'"},
              {"{{ config.a == 'x' and config.n > 3 }}", "True"},
              {"{{ 1 if config.t else 2 }}", "1"},
              {"{{ 1 if config.missing }}", "''"},
              {"{{ config.l == [1, 'b', 2.5] }}", "True"}});
}

TEST(template_language, has_the_tests_of_jinja) {
  expect_all({{"{{ config.none is none }}", "True"},
              {"{{ config.missing is defined }}", "False"},
              {"{{ config.missing is undefined }}", "True"},
              {"{{ config.a is not none }}", "True"},
              {"{{ false is false }}", "True"},
              {"{{ config.n is divisibleby 5 }}", "True"}});
}

TEST(template_language, has_the_filters_that_manifests_use) {
  expect_all({{"{{ config.num | int }}", "7"},
              {"{{ '12.7' | int }}", "12"},
              {"{{ 'abc' | int(3) }}", "3"},
              {"{{ config.l | length }}", "3"},
              {"{{ config.l | join(',') }}", "'1,b,2.5'"},
              {"{{ config.l | first }}", "1"},
              {"{{ record.tags | unique | list }}", "['x', 'Y']"},
              {"{{ record['items'] | map(attribute='id') | join('-') }}", "'1-2'"},
              {"{{ record['items'] | selectattr('k','equalto','b') | map(attribute='id') | first }}", "2"},
              {"{{ record.missing | default('zz') }}", "'zz'"},
              {"{{ '' | default('zz', true) }}", "'zz'"},
              {"{{ 'Ab' | lower }}{{ 'Ab' | upper }}", "'abAB'"},
              {"{{ 'a-b' | replace('-', '') }}", "'ab'"},
              {"{{ [3,1,2] | sort }}", "[1, 2, 3]"}});
}

TEST(template_language, encodes_and_hashes) {
  expect_all({{"{{ 'a b&c/d' | urlencode }}", "'a%20b%26c/d'"},
              {"{{ {'a': 'b c', 'd': 1} | urlencode }}", "'a=b+c&d=1'"},
              {"{{ 'user:pass' | base64encode }}", "'dXNlcjpwYXNz'"},
              {"{{ 'dXNlcjpwYXNz' | base64decode }}", "'user:pass'"},
              {"{{ 'x' | hash }}", "'9dd4e461268c8034f5c8564e155c67a6'"},
              {"{{ 'abc-123' | regex_search('([0-9]+)') }}", "123"},
              {"{{ 'abc' | regex_search('([0-9]+)') }}", "''"},
              {"{{ 'a1b2' | regex_replace('[0-9]', '_') }}", "'a_b_'"},
              {"a{{ 'x<y' | tojson }}", "'a\"x\\\\u003cy\"'"},
              {"{{ record.nested | string }}", "'{\"v\": null}'"}});
}

TEST(template_language, has_the_text_and_map_methods_that_manifests_use) {
  expect_all({{"{{ config.get('missing', {}).get('k', 'd') }}", "'d'"},
              {"{{ config.tickers.split(',')[1].strip() }}", "'B'"},
              {"{{ ','.join(config.tickers.split(', ')) }}", "'A,B,C'"},
              {"{{ 'a  b c'.split() }}", "['a', 'b', 'c']"},
              {"{{ config.a.replace('x', 'yz') }}", "'yz'"},
              {"{{ 'abc'.startswith('ab') }}", "True"},
              {"{{ 'ABC'.lower() }}", "'abc'"},
              {"{{ '{}-{}'.format(1, 'b') }}", "'1-b'"}});
}

TEST(template_language, knows_the_time_only_from_its_context) {
  expect_all({{"{{ now_utc() }}", "'2023-11-14 22:13:20.123456+00:00'"},
              {"{{ today_utc() }}", "'2023-11-14'"},
              {"{{ now_utc().strftime('%Y-%m-%dT%H:%M:%SZ') }}", "'2023-11-14T22:13:20Z'"},
              {"{{ (now_utc() - duration('P1M')).strftime('%Y-%m-%d') }}", "'2023-10-14'"},
              {"{{ day_delta(-1) }}", "'2023-11-13T22:13:20.123456+0000'"},
              {"{{ day_delta(2, format='%Y-%m-%d') }}", "'2023-11-16'"},
              {"{{ now_utc().isoformat('T', 'seconds') }}", "'2023-11-14T22:13:20+00:00'"},
              {"{{ (now_utc() - str_to_datetime('2023-11-01')).days }}", "13"}});
}

TEST(template_language, has_the_date_macros) {
  expect_all({{"{{ timestamp(1658505815.223235) }}", "1658505815"},
              {"{{ timestamp('2024-01-01') }}", "1704067200.0"},
              {"{{ str_to_datetime(config.start) }}", "'2024-01-31 10:00:00+00:00'"},
              {"{{ format_datetime(config.start, '%Y-%m-%d') }}", "'2024-01-31'"},
              {"{{ format_datetime(1658505815, '%Y-%m-%d') }}", "'2022-07-22'"},
              {"{{ format_datetime('31/01/2024', '%Y-%m-%d', '%d/%m/%Y') }}", "'2024-01-31'"},
              {"{{ format_datetime(config.start, '%ms') }}", "1706695200000"},
              {"{{ duration('P1D') }}", "'1 day, 0:00:00'"},
              {"{{ duration('PT1H30M') }}", "'1:30:00'"},
              {"{{ max('2024-01-01', config.start) }}", "'2024-01-31T10:00:00Z'"},
              {"{{ min([4, 1]) }}", "1"}});
}

TEST(template_language, cuts_a_month_at_its_last_day) {
  EXPECT_EQ(evaluate_to_repr("{{ (str_to_datetime('2024-03-31') - duration('P1M')).strftime('%Y-%m-%d') }}"), "'2024-02-29'");
}

TEST(template_language, mixes_text_comments_and_white_space_control) {
  expect_all({{"x{{ config.n }}y", "'x5y'"},
              {"a {{- config.a -}} b", "'axb'"},
              {"{# a comment #}z", "'z'"},
              {"{{ {'a': {'b': 1}}['a'] }}", "{'b': 1}"},
              {"one line\n", "'one line'"}});
}

TEST(template_language, binds_the_parameters_of_its_component) {
  auto code = program::parse("{{ parameters['path'] }}/{{ config.a }}", {{}, value_map{{"path", "orders"}}});
  ASSERT_TRUE(code);
  EXPECT_EQ(*evaluate_text(*code, test_context()), "orders/x");
}

} // namespace
} // namespace lode::expression
