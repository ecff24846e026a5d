import{a as e}from"./chunk-YTYICLZT.js";import{o,u as r}from"./chunk-TFBVLY2D.js";function a(){return o(e,{heading:r.value.conversations.heading})}export{a as View};
