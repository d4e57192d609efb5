use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, http::header};
use runtime::Parts;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa::{PartialSchema, ToSchema};
use utoipa_swagger_ui::SwaggerUi;

use crate::Envelope;

/// The description of everything that these parts serve, as `/openapi.json` gives it.
pub fn openapi(title: &str, parts: &[Parts]) -> OpenApi {
    let info = InfoBuilder::new().title(title).version(env!("CARGO_PKG_VERSION")).build();
    let mut schemas = Vec::new();
    Envelope::schemas(&mut schemas);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = ComponentsBuilder::new()
        .schema(Envelope::name(), Envelope::schema())
        .schemas_from_iter(schemas)
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .build();
    let base = OpenApiBuilder::new().info(info).components(Some(components)).build();
    parts.iter().filter_map(|part| part.openapi.clone()).fold(base, OpenApi::merge_from)
}

/// `/openapi.json`, and a page to read it at `/docs`.
pub(crate) fn configure(config: &mut ServiceConfig, openapi: OpenApi) {
    let to_page = || async {
        HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
    };
    config
        .route("/docs", web::get().to(to_page))
        .service(SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", openapi));
}
