use mingbai_sample::{*, invoice::*, dice::Dice};
use jiff::civil::date;
fn main() {
    let types = typeface::Typefaces::load().unwrap();
    let signed = endorsement::Endorsement{handler:"孙德贵".into(),witness:"陶秀兰".into(),approver:"周永福".into(),village:"清泉村".into()};
    let l=|n:&str,s:&str,u:&str,q,g| Line{name:n.into(),spec:s.into(),unit:u.into(),quantity:q,gross:g};
    let inv = Invoice{kind:Kind::Digital,code:"".into(),number:"26342000000136634917".into(),check:"".into(),date:date(2026,6,19),buyer:("新街镇清泉村村民委员会".into(),"54341181MES0012345".into()),seller:("新街镇顺达五金机电店".into(),"92341181MAS1234567".into()),lines:vec![l("*照明装置*LED路灯头","60W","个",6,108_000),l("*电线电缆*铜芯线","BV2.5","米",120,36_000)],rate:1,drawer:"吴敏".into()};
    let mut e = inv.clone(); e.kind=Kind::Electronic; e.code="034002600111".into(); e.number="00120031".into(); e.check="12345678901234567890".into();
    let mut d = Dice::new(1,"x");
    let sl = slip::Slip{title:"领条",payer:"新街镇清泉村村民委员会".into(),purpose:"6月份村内道路保洁与河道清理劳务费".into(),amount:128_000,payee:"杨守田".into(),date:date(2026,6,18)};
    let f = fuel::FuelTicket{station:"新街加油站".into(),fuel:"92号车用汽油",volume:3512,price:768,date:date(2026,6,3)};
    let p = payroll::Payroll{title:"清泉村2026年6月保洁员工资发放表".into(),work:"道路保洁".into(),payer:"新街镇清泉村村民委员会".into(),date:date(2026,6,30),rows:["王桂英","李长生","赵小妹","孙二牛","周巧云"].iter().map(|n|payroll::Row{name:(*n).into(),days:26,rate:4500}).collect()};
    let i = income::IncomeReceipt{number:"0012063".into(),payee:"新街镇清泉村股份经济合作社".into(),payer:"李长生".into(),purpose:"2026年度大塘鱼塘租金".into(),amount:1_200_000,date:date(2026,6,10)};
    let t=std::time::Instant::now();
    let all=[("inv",inv.draw(&types,&mut d,&signed)),("elec",e.draw(&types,&mut d,&signed)),("slip",sl.draw(&types,&mut d,&signed)),("fuel",f.draw(&types,&mut d,&signed)),("pay",p.draw(&types,&mut d,&signed)),("inc",i.draw(&types,&mut d,&signed))];
    eprintln!("draw {:?}",t.elapsed());
    for (n,s) in &all { s.pixels.save(format!("/tmp/look/{n}.png")).unwrap();
        let t=std::time::Instant::now();
        let j=photo::take(s,&mut d,"2026:06:19 09:10:11").unwrap();
        eprintln!("{n} photo {:?} {} bytes",t.elapsed(),j.len());
        std::fs::write(format!("/tmp/look/{n}.jpg"),&j).unwrap();
        use image::ImageDecoder; let mut dec=image::codecs::jpeg::JpegDecoder::new(std::io::Cursor::new(j)).unwrap(); let o=dec.orientation().unwrap();
        let mut im=image::DynamicImage::from_decoder(dec).unwrap(); im.apply_orientation(o); im.save(format!("/tmp/look/{n}-photo.png")).unwrap(); }
}
