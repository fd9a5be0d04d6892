//! Every route on one page, with the layers around it.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::Uri,
    middleware::{from_fn, from_fn_with_state},
    response::Response,
    routing::{get, post},
};
use percent_encoding::percent_decode_str;
use tower_http::{CompressionLevel, catch_panic::CatchPanicLayer, compression::CompressionLayer};
use utoipa::{
    OpenApi,
    openapi::{Content, Ref, RefOr, ResponseBuilder, path::Operation},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    api, assets,
    context::{Context, Stopping},
    cors::cors,
    error::{ApiError, Code},
    fresh::fresh,
    limits::{Budget, RateLimits, enforce},
    links,
    observe::{deadline, observe, panicked},
    pages,
    serve::ServeError,
    signals::honour,
};
use crate::app::App;

#[derive(OpenApi)]
#[openapi(info(
    title = "Zerodesk",
    description = "Answers from the help centre, and a ticket where there is none. Errors are \
                   `application/problem+json` with a stable `code`."
))]
struct Description;

type Routes = OpenApiRouter<Context>;

/// Media type that replies have where nothing else is said.
const JSON: &str = "application/json";
/// Name of the schema of errors.
const PROBLEM: &str = "Problem";

/// Public API: any page of a site's origins may call it.
fn searching() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(api::search::search))
        .routes(routes!(api::complete::complete))
        .routes(routes!(api::suggest::suggest, api::suggest::for_page))
}

/// What visitors report: events and feedback.
fn reporting() -> Routes {
    OpenApiRouter::new().routes(routes!(api::articles::feedback)).routes(routes!(api::events::report))
}

/// Tickets from visitors.
fn asking() -> Routes {
    OpenApiRouter::new().routes(routes!(api::tickets::send)).routes(routes!(api::own_ticket::amend))
}

/// Reading articles and one's own ticket: public, not limited.
fn reading() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(api::articles::list))
        .routes(routes!(api::articles::one))
        .routes(routes!(api::own_ticket::status))
}

/// The desk and the figures: own origin or a Bearer token.
fn working() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(api::desk::list))
        .routes(routes!(api::desk::one))
        .routes(routes!(api::desk_work::change))
        .routes(routes!(api::desk_work::draft))
        .routes(routes!(api::desk_admin::agents, api::desk_admin::add_agent))
        .routes(routes!(api::desk_admin::renew_agent))
        .routes(routes!(api::desk_admin::remove_agent))
        .routes(routes!(api::desk_admin::dead_letters))
        .routes(routes!(api::desk_admin::retry))
        .routes(routes!(api::desk_admin::log))
        .routes(routes!(api::stats::deflection))
        .routes(routes!(api::stats::funnel))
        .routes(routes!(api::stats::queries))
        .routes(routes!(api::stats::articles))
        .routes(routes!(api::stats::series))
}

/// Other help desks, known by their signature.
fn reporting_back() -> Routes {
    OpenApiRouter::new().routes(routes!(api::hooks::ticket_outcome))
}

/// For those who run the server.
fn operating() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(api::health::healthz))
        .routes(routes!(api::health::readyz))
        .routes(routes!(api::health::metrics))
        .routes(routes!(api::health::openapi))
}

/// What everybody may read, people and programs: told apart by its content, so that nobody fetches the same twice.
fn published() -> Router<Context> {
    Router::new()
        .route("/", get(pages::home::home))
        .route("/a/{slug}", get(pages::article::article))
        .route("/docs", get(pages::machine::docs))
        .route("/robots.txt", get(pages::machine::robots))
        .route("/sitemap.xml", get(pages::machine::sitemap))
        .route("/feed.xml", get(pages::feed::atom))
        .route("/opensearch.xml", get(pages::feed::open_search))
        .route("/llms.txt", get(pages::machine::llms))
        .route("/llms-full.txt", get(pages::machine::llms_full))
        .layer(from_fn(fresh))
}

/// For writers, in a preview only.
fn writing() -> Router<Context> {
    Router::new()
        .route("/preview/events", get(pages::preview::events))
        .route("/preview/article/{slug}", get(pages::preview::as_searched))
}

/// Pages for people; not part of the API's description.
fn visiting() -> Router<Context> {
    Router::new()
        .route("/media/{*path}", get(pages::media::media))
        .route("/brand/{site}/{file}", get(pages::brand::file))
        .route("/stats", get(pages::stats::show).post(pages::stats::sign_in))
        .route("/stats/gaps", get(pages::gaps::show))
        .route("/stats/{period}", get(pages::stats_period::show))
        .route("/contact", get(pages::contact::show))
        .route("/t/{reference}", get(pages::ticket::show))
        .route("/desk", get(pages::desk::inbox))
        .route("/desk/login", post(pages::desk::login))
        .route("/desk/logout", post(pages::desk::logout))
        .route("/desk/tickets/{reference}", get(pages::desk_ticket::show).post(pages::desk_ticket::change))
        .route("/desk/agents", get(pages::desk_admin::agents).post(pages::desk_admin::change_agents))
        .route("/desk/dead-letters", get(pages::desk_admin::dead_letters).post(pages::desk_admin::retry))
        .route("/desk/log", get(pages::desk_admin::log))
}

/// The pages of results and of why, which search as the API does and count as such.
fn results() -> Router<Context> {
    Router::new().route("/search", get(pages::results::results)).route("/explain", get(pages::explain::explain))
}

/// What visitors add to their tickets from the status page.
fn amending() -> Router<Context> {
    Router::new().route("/t/{reference}", post(pages::ticket::amend))
}

/// The box, scripts and style sheets.
fn files() -> Router<Context> {
    Router::new().route("/search-box.js", get(assets::search_box)).route("/assets/{name}", get(assets::asset))
}

fn api() -> Routes {
    OpenApiRouter::with_openapi(Description::openapi())
        .merge(searching())
        .merge(reporting())
        .merge(asking())
        .merge(reading())
        .merge(working())
        .merge(reporting_back())
        .merge(operating())
}

/// The API's description, `OpenAPI` 3.1.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = api().into_openapi();
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        operations.into_iter().flatten().for_each(tell_problems);
    }
    document
}

/// Every failure of every operation is a problem, in a media type of its own; so are those that its handler does not list.
fn tell_problems(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    let problem = Content::new(Some(Ref::from_schema_name(PROBLEM)));
    let any =
        ResponseBuilder::new().description("Any other failure: `code` tells which").content(JSON, problem).build();
    responses.entry("default".into()).or_insert_with(|| any.into());
    for response in responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        let is_problem = |content: &RefOr<Content>| match content {
            RefOr::T(Content { schema: Some(RefOr::Ref(schema)), .. }) => schema.ref_location.ends_with("/Problem"),
            _ => false,
        };
        if response.content.get(JSON).is_some_and(is_problem)
            && let Some(content) = response.content.shift_remove(JSON)
        {
            response.content.insert("application/problem+json".into(), content);
        }
    }
}

/// Everything, layered. Outermost: ids, numbers and the words of failures; then compression; then, per group,
/// origins, rate limits, the deadline and panics.
pub(super) fn router(
    app: Arc<App>,
    address: Option<SocketAddr>,
    stopping: Arc<Stopping>,
) -> Result<Router, ServeError> {
    let for_writers = if app.config.preview { writing() } else { Router::new() };
    let context = Context::new(app, address, stopping)?;
    let rates: Arc<RateLimits> = axum::extract::FromRef::from_ref(&context);
    let limited = |routes: Routes, budget| routes.layer(from_fn_with_state((rates.clone(), budget), enforce));
    let public = limited(searching(), Budget::Searches)
        .merge(limited(reporting(), Budget::Events))
        .merge(limited(asking(), Budget::Tickets))
        .merge(reading());
    let public = guarded(public.into(), &context).merge(files()).layer(from_fn_with_state(context.clone(), cors));
    let results = results().layer(from_fn_with_state((rates.clone(), Budget::Searches), enforce));
    let amending = amending().layer(from_fn_with_state((rates.clone(), Budget::Events), enforce));
    let own = Router::from(working().merge(reporting_back()).merge(operating()))
        .merge(published())
        .merge(for_writers)
        .merge(visiting())
        .merge(results)
        .merge(amending);
    let own = guarded(own, &context);
    let all = public.merge(own).fallback(nothing_here);
    let all = all.layer(from_fn_with_state(context.clone(), honour));
    let compression = CompressionLayer::new().quality(CompressionLevel::Precise(4));
    Ok(all.layer(compression).layer(from_fn_with_state(context.clone(), observe)).with_state(context))
}

/// One request can neither run for ever nor take the server down.
fn guarded(routes: Router<Context>, context: &Context) -> Router<Context> {
    let routes = routes.method_not_allowed_fallback(not_this_way);
    routes.layer(from_fn_with_state(context.clone(), deadline)).layer(CatchPanicLayer::custom(panicked))
}

/// An earlier address of an article leads to where it is now.
async fn nothing_here(State(app): State<Arc<App>>, visitor: pages::Visitor, uri: Uri) -> Result<Response, ApiError> {
    let path = percent_decode_str(uri.path()).decode_utf8_lossy();
    let snapshot = app.snapshot();
    let entry = snapshot
        .catalog()
        .by_alias(&path)
        .ok_or_else(|| ApiError::not_found("There is nothing at this address. `/openapi.json` lists what there is."))?;
    Ok(pages::article::moved(&links::page_of(&visitor.site, entry)))
}

async fn not_this_way() -> ApiError {
    ApiError::new(
        Code::MethodNotAllowed,
        "This address does not take this method. `/openapi.json` lists what it takes.",
    )
}
