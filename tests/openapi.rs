//! The API's contract: a change of it is a change of the snapshot, to be approved.

#[test]
fn the_contract_is_as_approved() {
    let document = serde_json::to_value(zerodesk::http::openapi()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    insta::assert_json_snapshot!("openapi", document);
}

#[test]
fn every_operation_is_described() {
    let document = serde_json::to_value(zerodesk::http::openapi()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            assert!(operation["responses"].as_object().is_some_and(|all| !all.is_empty()), "{method} {path}");
        }
    }
}
