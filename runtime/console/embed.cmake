file(READ ${SOURCE} text)
file(WRITE ${OUTPUT} "#include \"runtime/console/routes.hpp\"\n\nstd::string_view lode::openapi_document() {\n  return R\"openapi(${text})openapi\";\n}\n")
