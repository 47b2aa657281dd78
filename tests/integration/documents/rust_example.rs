//! The example in docs/clients/rust.md, word for word.

use hyper::Method;
use sync_group_sim::{Config, Operation, Request, Rule, Simulator, TenantRequest};

#[tokio::test]
async fn my_client_survives_an_outage() -> Result<(), Box<dyn std::error::Error>> {
    let server = Simulator::start(Config::default()).await?;
    let tenant = server.create_tenant(&TenantRequest::default())?;
    tenant.add_rule(Rule::new("outage").on(Operation::OauthInfo).first(2).respond(503))?;
    // … run the client against tenant.base_url(); here, without a socket:
    let info = Request::new(Method::GET, &format!("/tenants/{}/oauth/info", tenant.name()))?;
    let statuses = [(); 3].map(|()| server.simulator().answer(&info).reply.status.as_u16());
    assert_eq!(statuses, [503, 503, 200]);
    tenant.advance(std::time::Duration::from_hours(1));
    assert_eq!(tenant.scenario()[0].fired, 2);
    Ok(())
}

#[test]
fn the_page_has_this_example() {
    let page = super::page("docs/clients/rust.md");
    let example = page.blocks_in(&["rust"]).next().unwrap();
    let here = include_str!("rust_example.rs").split_once("\n\n").unwrap().1;
    assert!(here.starts_with(&example.text), "docs/clients/rust.md:{}", example.line);
}
