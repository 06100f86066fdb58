//! `wechat`: the township's WeChat account on the command line. None of it needs the server to be stopped.

use std::path::PathBuf;

use clap::Subcommand;

use super::Data;
use crate::durable::{self, Access};
use crate::error::{Error, Result};
use crate::view;
use crate::wechat::WeChat;

#[derive(Subcommand)]
pub(super) enum WeChatCommand {
    /// 检查 wechat.toml，并问微信接口是否接受本机
    Check {
        #[command(flatten)]
        data: Data,
        /// 只检查文件，不联网
        #[arg(long, env = "MINGBAI_OFFLINE")]
        offline: bool,
    },
    /// 按村名录发布公众号菜单；手机上五分钟内更新
    Menu {
        #[command(flatten)]
        data: Data,
    },
    /// 取各村的带参数二维码：扫码关注，随即看到那个村
    Codes {
        #[command(flatten)]
        data: Data,
        /// 图片写到哪个目录，一村一张，以村代码为名
        #[arg(long, value_name = "DIR", env = "MINGBAI_OUT")]
        out: PathBuf,
    },
}

pub(super) fn run(command: WeChatCommand) -> Result<()> {
    match command {
        WeChatCommand::Check { data, offline } => check(&open(&data)?, offline),
        WeChatCommand::Menu { data } => {
            let villages = data.read(view::villages)?;
            open(&data)?.publish_menu(&villages)?;
            println!("菜单已发布：{} 个村", villages.len());
            Ok(())
        }
        WeChatCommand::Codes { data, out } => {
            let wechat = open(&data)?;
            for (code, name) in data.read(view::villages)? {
                let file = out.join(format!("{code}.jpg"));
                durable::replace(&file, &wechat.code(&code)?, Access::Public)?;
                println!("{code}\t{name}\t{}", file.display());
            }
            Ok(())
        }
    }
}

fn open(data: &Data) -> Result<WeChat> {
    let at = data.at();
    let none = || {
        let path = at.wechat();
        Error::refused(
            "no-wechat",
            format!("没有 {}：见 docs/OPERATIONS.md 的 WeChat 一节", path.display()),
        )
    };
    WeChat::open(&at)?.ok_or_else(none)
}

fn check(wechat: &WeChat, offline: bool) -> Result<()> {
    let settings = &wechat.settings;
    let said = |on: bool, yes: &'static str, no: &'static str| if on { yes } else { no };
    println!(
        "{}：{}，分享卡片{}，答复提醒{}，网页 {}，接口 {}",
        settings.app_id,
        said(settings.seal.is_some(), "安全模式", "明文模式（建议改用安全模式）"),
        said(settings.jssdk, "开", "关"),
        said(settings.notice.is_some(), "开", "关"),
        settings.public_url,
        settings.api_base,
    );
    if !offline {
        wechat.knock()?;
        println!("微信接口接受本机");
    }
    Ok(())
}
