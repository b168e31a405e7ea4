#include "runtime/http/scripted_http_client.hpp"

#include <gtest/gtest.h>

namespace lode {

struct scripted_http_client_test : testing::Test {
  static http_request get_of(const std::string& url) {
    http_request request;
    request.url = url;
    return request;
  }

  /// Status of the response, or 0 for an error.
  static auto into(std::vector<int>& seen) {
    return [&seen](http_result result) {
      auto response = std::get_if<http_response>(&result);
      seen.push_back(response ? response->status : 0);
    };
  }

  std::vector<int> seen;
};

TEST_F(scripted_http_client_test, answers_in_order_and_repeats_the_last) {
  scripted_http_client client;
  client.answer("http://a/", 500, "");
  client.answer("http://a/", 200, "");
  for (int i = 0; i < 3; ++i)
    client.start(get_of("http://a/"), into(seen));
  EXPECT_EQ(seen, (std::vector{500, 200, 200}));
  EXPECT_EQ(client.requests().size(), 3u);
}

TEST_F(scripted_http_client_test, delivers_the_oldest_on_demand) {
  scripted_http_client client{scripted_http_client::delivery::on_demand};
  client.answer("http://a/", 200, "");
  client.answer("http://b/", 404, "");
  client.start(get_of("http://a/"), into(seen));
  client.start(get_of("http://b/"), into(seen));
  EXPECT_TRUE(seen.empty());
  EXPECT_TRUE(client.deliver_next());
  EXPECT_EQ(seen, std::vector{200});
  EXPECT_TRUE(client.deliver_next());
  EXPECT_FALSE(client.deliver_next());
  EXPECT_EQ(seen, (std::vector{200, 404}));
}

TEST_F(scripted_http_client_test, uses_the_answers_for_any_url_where_there_is_no_other) {
  scripted_http_client client;
  client.answer("http://a/", 200, "");
  client.answer_any(http_response{.status = 201});
  for (auto url : {"http://a/", "http://b/", "http://b/"})
    client.start(get_of(url), into(seen));
  EXPECT_EQ(seen, (std::vector{200, 201, 0}));
}

TEST_F(scripted_http_client_test, a_missing_answer_names_the_host_but_not_the_query) {
  scripted_http_client client;
  client.start(get_of("http://a/?token=s3cret"), [](http_result result) {
    auto message = std::get<http_error>(result).message;
    EXPECT_NE(message.find("a:80"), std::string::npos);
    EXPECT_EQ(message.find("s3cret"), std::string::npos);
  });
}

} // namespace lode
