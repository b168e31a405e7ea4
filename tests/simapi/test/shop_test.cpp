#include "tests/simapi/test/simapi_test.hpp"

#include <set>

using namespace simapi::test;

struct shop_api : simapi_test {
  shop_api() { start(); }
};

TEST_F(shop_api, link_headers_lead_through_all_orders) {
  std::set<std::string> seen;
  size_t pages = 0;
  for (auto next = std::string{"&limit=10"}; !next.empty(); ++pages) {
    auto page = orders(next);
    for (const auto& id : ids(page, "orders"))
      EXPECT_TRUE(seen.insert(id).second);
    next = next_of_link(page);
  }
  EXPECT_EQ(pages, 3u);
  EXPECT_EQ(seen.size(), 25u);
}

TEST_F(shop_api, a_later_page_also_links_to_the_previous_one_first) {
  auto second = orders(next_of_link(orders("&limit=10")));
  EXPECT_LT(second.headers.at("link").find("rel=\"previous\""), second.headers.at("link").find("rel=\"next\""));
}

TEST_F(shop_api, the_page_token_keeps_the_bounds_and_refuses_others) {
  auto all = parse(orders("&limit=100"));
  auto least = text_at(all, "/orders/5/updated_at");
  least = least.substr(0, 19) + "Z";
  auto next = next_of_link(orders("&limit=10&updated_at_min=" + least));
  EXPECT_EQ(ids(orders(next), "orders").size(), 10u);
  EXPECT_EQ(next_of_link(orders(next)), "");
  EXPECT_EQ(orders(next + "&updated_at_min=" + least).status, 200);
  EXPECT_EQ(orders(next + "&updated_at_min=2024-01-01").status, 400);
}

TEST_F(shop_api, page_numbers_count_from_one_and_end_with_an_empty_page) {
  EXPECT_EQ(shop("products", "&limit=10").body, shop("products", "&limit=10&page=1").body);
  EXPECT_EQ(ids(shop("products", "&limit=10&page=3"), "products").size(), 5u);
  EXPECT_EQ(ids(shop("products", "&limit=10&page=4"), "products").size(), 0u);
  EXPECT_EQ(shop("products", "&page=0").status, 400);
}

TEST_F(shop_api, a_delete_shifts_the_rows_of_an_offset_stream) {
  auto before = ids(shop("customers", "&limit=20"), "customers");
  control_post("/control/mutate", R"({"ops":[{"op":"delete","tenant":"shop-002","stream":"customers","key":")" + before[5] + R"("}]})");
  EXPECT_EQ(ids(shop("customers", "&limit=5&offset=10"), "customers").front(), before[11]);
}

TEST_F(shop_api, an_insert_appears_at_the_front_of_customers_and_at_the_end_of_products) {
  control_post("/control/mutate", R"({"ops":[{"op":"insert","tenant":"shop-002","stream":"customers"},)"
                                  R"({"op":"insert","tenant":"shop-002","stream":"products"}]})");
  auto customers = ids(shop("customers", "&limit=100"), "customers");
  auto products = ids(shop("products", "&limit=100"), "products");
  EXPECT_EQ(customers.size(), 26u);
  EXPECT_EQ(customers.front(), *std::max_element(customers.begin(), customers.end()));
  EXPECT_EQ(products.back(), *std::max_element(products.begin(), products.end()));
}

TEST_F(shop_api, the_bucket_leaks_on_the_simulated_clock) {
  control_post("/control/clock", R"({"now":1767225600000,"stopped":true})");
  control_post("/control/limits", R"({"shop_bucket":2,"shop_leak_per_second":1})");
  EXPECT_EQ(orders().headers.at("x-shop-api-call-limit"), "1/2");
  EXPECT_EQ(orders().headers.at("x-shop-api-call-limit"), "2/2");
  auto refused = orders();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.at("retry-after"), "2.0");
  control_post("/control/clock", R"({"advance_ms":2000})");
  EXPECT_EQ(orders().status, 200);
}

TEST_F(shop_api, the_host_name_tells_the_tenant_and_the_key_must_be_its_own) {
  auto key = "X-Shop-Access-Token: " + text_at(tenant("shop-002"), "/api_key") + "\r\n";
  auto ask = [&](const std::string& host, const std::string& headers) {
    data().send("GET /admin/api/2024-01/orders HTTP/1.1\r\nHost: " + host + "\r\n" + headers + "\r\n");
    return data().read().status;
  };
  EXPECT_EQ(ask("shop-002.shop.test", key), 200);
  EXPECT_EQ(ask("shop-003.shop.test", key), 404);
  EXPECT_EQ(ask("shop-002.shop.test", "X-Shop-Access-Token: wrong\r\n"), 401);
}
